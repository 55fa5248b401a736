package matrix

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/refundflow/refundflow/providers/providertest"
)

// inParts: all of it is wanted, and nothing in particular.
func inParts() bool { return *whole && *only == "" && *ways == "" && !*list }

// apart runs each transport in a process of its own: of each scenario the test environment
// leaves some 50 KB behind for as long as the process lives.
func apart() (code int) {
	transports := providertest.Benches()
	share := func(n int) string { return strconv.Itoa((n + len(transports) - 1) / len(transports)) }
	for _, transport := range transports {
		code = cmp.Or(code, again("^(TestMatrix|TestRestoredBooks)$", "-flows", transport.Name+" |", "-pairs", share(*pairs), "-restores", share(*restores)))
		if code != 0 && *most == 1 {
			return code
		}
	}
	return cmp.Or(code, again("^(TestManyAtOnce|TestRestoredBooks(Are|Keep))", "-flows", "/"))
}

// again runs this program with other tests and flags.
func again(tests string, flags ...string) int {
	args := append([]string{"-test.run", tests, "-test.timeout", "2h", "-whole", "-seed", strconv.FormatUint(*seed, 10),
		"-inline", *inline, "-failures", strconv.Itoa(*most), "-workers", strconv.Itoa(*workers), "-within", within.String()}, flags...)
	if *shuffle {
		args = append(args, "-shuffle")
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}
