package wechat

import (
	"crypto/aes"
	"crypto/md5" // the platform derives its key so
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// errDecrypt says nothing of which step failed: neither the log nor the reply is
// to help somebody who tries out paddings.
var errDecrypt = errors.New("req_info cannot be decrypted: compare api_key_file with the merchant console")

// decryptInfo opens req_info (§7.1): AES-256 in ECB mode, PKCS#7 padding. The key
// is the hex text of the API key's MD5, lower-case and with its leading zeros,
// used as 32 bytes and not decoded.
func decryptInfo(apiKey, info string) ([]byte, error) {
	digest := md5.Sum([]byte(apiKey))
	block, err := aes.NewCipher([]byte(hex.EncodeToString(digest[:])))
	if err != nil {
		return nil, errDecrypt
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(info))
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errDecrypt
	}
	// ECB is not in the standard library, and rightly so.
	for at := 0; at < len(data); at += aes.BlockSize {
		block.Decrypt(data[at:], data[at:])
	}
	pad := int(data[len(data)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errDecrypt
	}
	for _, b := range data[len(data)-pad:] {
		if int(b) != pad {
			return nil, errDecrypt
		}
	}
	return data[:len(data)-pad], nil
}
