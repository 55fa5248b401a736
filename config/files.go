package config

import (
	"path/filepath"
	"reflect"
	"strings"
)

// KeyFiles are the files that the accounts' settings name, counted from the
// configuration's folder: every setting whose name ends in _file or _files, also those
// of a platform that is added later.
func (c *Config) KeyFiles(accounts []string) []string {
	var all []string
	for _, name := range accounts {
		all = append(all, filesOf(reflect.ValueOf(c.Accounts[name]))...)
	}
	return c.AllBeside(all)
}

// Beside counts a relative file name from the configuration's folder; "" stays "".
func (c *Config) Beside(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(c.dir, file)
}

// AllBeside is [Config.Beside] for many.
func (c *Config) AllBeside(files []string) []string {
	all := make([]string, len(files))
	for i, file := range files {
		all[i] = c.Beside(file)
	}
	return all
}

func filesOf(block reflect.Value) (all []string) {
	for block.Kind() == reflect.Pointer && !block.IsNil() {
		block = block.Elem()
	}
	if block.Kind() != reflect.Struct {
		return nil
	}
	for i := range block.NumField() {
		field, value := block.Type().Field(i), block.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported():
		case strings.HasSuffix(name, "_file") && value.Kind() == reflect.String:
			if file := value.String(); file != "" {
				all = append(all, file)
			}
		case strings.HasSuffix(name, "_files") && value.Kind() == reflect.Slice:
			for j := range value.Len() {
				all = append(all, value.Index(j).String())
			}
		default:
			all = append(all, filesOf(value)...)
		}
	}
	return all
}
