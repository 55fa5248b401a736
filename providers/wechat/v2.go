package wechat

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/refundflow/refundflow/providers"
	"github.com/refundflow/refundflow/providers/account"
	"github.com/refundflow/refundflow/providers/wire"
)

// v2 is the Pay API v2: signed XML, and a client certificate for refunds (§6).
type v2 struct {
	p      *Provider
	signer signer
	// refunds shows the certificate, queries does not: WeChat asks for it on
	// /secapi alone.
	refunds, queries *wire.Client
}

func newV2(bad *account.Mistakes, p *Provider) *v2 {
	s := p.settings
	cert := certificate{}
	if s.CertFile != "" && s.KeyFile != "" {
		cert = readCertificate(bad, s.CertFile, s.KeyFile)
	}
	return &v2{
		p:       p,
		signer:  signer{how: s.SignType, key: account.Load(bad, "api_key_file", s.APIKeyFile, readAPIKey)},
		refunds: p.client(bad, cert),
		queries: p.client(account.NewMistakes("wechat"), certificate{}), // the same file again: its mistakes are told once
	}
}

var v2Paths = map[op]string{opApply: "/secapi/pay/refund", opQuery: "/pay/refundquery", opOrder: "/pay/orderquery"}

func (v *v2) exchange(ctx context.Context, o op, business params) (fields, error) {
	client := v.queries
	if o == opApply {
		client = v.refunds
	}
	answer, err := client.Do(ctx, wire.Call{
		Method: http.MethodPost, URL: strings.TrimRight(v.p.settings.URL, "/") + v2Paths[o],
		ContentType: "application/xml; charset=utf-8", Body: writeXML(v.params(o, business)),
	})
	if err != nil {
		return nil, transportFailure(o, err)
	}
	if err := statusFailure(o, answer.Status, answer.RetryAfter(v.p.now())); err != nil {
		return nil, err
	}
	f, err := parseXML(answer.Body, "xml")
	if err != nil {
		return nil, unreadableFailure(o, err)
	}
	if f.word("return_code") != returnSuccess {
		return f, nil // not understood: such an answer has no signature (inferred, §4.2)
	}
	if err := v.signer.verify(f); err != nil {
		return nil, unreadableFailure(o, err)
	}
	if problem := v.foreign(f); problem != "" {
		return nil, mismatch(o, problem)
	}
	return f, nil
}

// params adds what every v2 request has around its business content.
func (v *v2) params(o op, business params) params {
	s := v.p.settings
	var ps params
	ps.text("appid", s.AppID)
	ps.text("mch_id", s.MchID)
	if s.SubMchID != "" { // a direct merchant must send neither (§4.1)
		ps.text("sub_appid", s.SubAppID)
		ps.text("sub_mch_id", s.SubMchID)
	}
	ps.text("nonce_str", v.p.nonce())
	ps.text("sign_type", string(s.SignType))
	ps = append(ps, business...)
	if o == opApply {
		ps.text("notify_url", s.NotifyURL)
	}
	ps.text("sign", v.signer.sign(ps.fields()))
	return ps
}

// foreign says in which number a message of v2 is another merchant's. Whether a
// direct merchant is echoed a sub_mch_id is not documented (§17).
func (v *v2) foreign(f fields) string {
	s := v.p.settings
	switch {
	case f["appid"] != s.AppID:
		return "appid is not ours"
	case f["mch_id"] != s.MchID:
		return "mch_id is not ours"
	case f.has("sub_mch_id") && s.SubMchID != "" && f["sub_mch_id"] != s.SubMchID:
		return "sub_mch_id is not ours"
	case f.has("sub_mch_id") && s.SubMchID == "" && f["sub_mch_id"] != s.MchID:
		return "sub_mch_id is not ours"
	}
	return ""
}

// open reads a message of §7.1. It has no signature: that it can be decrypted with
// the API key, in a mode that does not notice exchanged blocks, is all the proof
// there is, which is why the saga asks again by number before it believes.
func (v *v2) open(c providers.Callback) (fields, bool, error) {
	envelope, err := parseXML(c.Body, "xml")
	switch {
	case err != nil:
		return nil, false, err
	case envelope.word("return_code") != returnSuccess:
		return nil, false, errors.New("return_code is not SUCCESS: there is nothing to decrypt")
	case v.foreign(envelope) != "":
		return nil, false, errors.New(v.foreign(envelope))
	case !envelope.has("req_info"):
		return nil, false, errors.New("req_info is missing: this is no refund's message, compare the addresses in the merchant console")
	}
	plain, err := decryptInfo(v.signer.key, envelope["req_info"])
	if err != nil {
		return nil, false, err
	}
	f, err := parseXML(plain, "root")
	return f, true, err
}

func (v *v2) reply(taken bool) providers.Reply {
	code, message := returnSuccess, "OK"
	if !taken {
		code, message = returnFail, "retry later"
	}
	var ps params
	ps.text("return_code", code)
	ps.text("return_msg", message)
	return providers.Reply{Status: http.StatusOK, ContentType: "application/xml; charset=utf-8", Body: []byte(writeXML(ps))}
}

func readAPIKey(path string) (string, error) {
	key, err := wire.SecretFile(path)
	if err == nil && len(key) != 32 {
		return "", fmt.Errorf("%s holds %d characters: want the API key (v2) of 32, not the one of v3", path, len(key))
	}
	return key, err
}

// certificate is a client certificate, or none.
type certificate []tls.Certificate

func (c certificate) config() *tls.Config {
	return &tls.Config{Certificates: c, MinVersion: tls.VersionTLS12}
}

// readCertificate reads apiclient_cert.pem and apiclient_key.pem; the latter is
// for its owner alone.
func readCertificate(bad *account.Mistakes, certFile, keyFile string) certificate {
	chain := account.Load(bad, "cert_file", certFile, readChain)
	key := account.Load(bad, "key_file", keyFile, wire.SignerFile)
	if len(chain) == 0 || key == nil {
		return nil
	}
	public, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(chain[0].PublicKey) {
		bad.Add("key_file", "%s is not the key of the certificate in cert_file", keyFile)
		return nil
	}
	c := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, link := range chain {
		c.Certificate = append(c.Certificate, link.Raw)
	}
	return certificate{c}
}

// readChain reads one or more certificates in PEM.
func readChain(path string) ([]*x509.Certificate, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		link, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s holds a certificate that cannot be read", path)
		}
		chain = append(chain, link)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%s holds no certificate in PEM: name apiclient_cert.pem, not the p12", path)
	}
	return chain, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	chain, err := readChain(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, root := range chain {
		pool.AddCert(root)
	}
	return pool, nil
}
