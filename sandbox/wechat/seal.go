package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
)

// sealInfo makes the req_info of a v2 notification (§7.1): AES-256-ECB with PKCS#7 under the lower-case hex MD5 of the API
// key, whose 32 characters are the key as they stand. hex keeps leading zeros, which printing the MD5 as a number would lose (§16.4).
func sealInfo(apiKey string, plain []byte) string {
	sum := md5.Sum([]byte(apiKey))
	block, err := aes.NewCipher([]byte(hex.EncodeToString(sum[:])))
	if err != nil { // impossible: the key always has 32 bytes
		return ""
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	text := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	for at := 0; at < len(text); at += aes.BlockSize { // ECB, which the standard library does not offer and nobody should miss
		block.Encrypt(text[at:at+aes.BlockSize], text[at:at+aes.BlockSize])
	}
	return base64.StdEncoding.EncodeToString(text)
}
