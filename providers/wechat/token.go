package wechat

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/refundflow/refundflow/providers/failure"
	"github.com/refundflow/refundflow/providers/wire"
	"github.com/refundflow/refundflow/refund"
)

const hintToken = "compare appid and app_secret_file with WeChat's console, and its white list with this machine's address"

// maxTokenLife bounds what WeChat may say of a token's life; 2 hours in its pages.
const maxTokenLife = 2 * time.Hour

// accessToken returns a token that is good by its age. Who gave up waiting for one
// sent nothing; other failures are the fetch's own.
func (c *cloudFunction) accessToken(ctx context.Context) (string, error) {
	token, err := c.tokens.Get(ctx)
	var e *wire.Error
	if errors.As(err, &e) {
		return "", fail(opToken, refund.Failure{Class: refund.ClassTransient, Code: string(e.Kind), Hint: "nothing was sent"})
	}
	return token, err
}

// fetchToken asks for a token. The secret travels in the query, as WeChat
// documents it. A code in place of a token concerns the account, except -1,
// which says that WeChat is busy.
func (c *cloudFunction) fetchToken(ctx context.Context) (string, time.Duration, error) {
	answer, err := c.http.Do(ctx, wire.Get(strings.TrimRight(c.p.settings.URL, "/")+"/cgi-bin/token", url.Values{
		"grant_type": {"client_credential"}, "appid": {c.p.settings.AppID}, "secret": {c.appSecret},
	}))
	if err != nil {
		return "", 0, transportFailure(opToken, err)
	}
	if err := statusFailure(opToken, answer.Status, answer.RetryAfter(c.p.now())); err != nil {
		return "", 0, err
	}
	members, err := parseObject(answer.Body)
	if err != nil {
		return "", 0, unreadableFailure(opToken, err)
	}
	var errcode wire.Int
	if members.Has("errcode") {
		if err := members.Read("errcode", &errcode); err != nil {
			return "", 0, unreadableFailure(opToken, err)
		}
	}
	if errcode != 0 {
		f := refund.Failure{Class: refund.ClassMisconfigured, Code: "errcode " + wireText(errcode), Message: failure.Clean(errmsg(members)), Hint: hintToken}
		if errcode == -1 {
			f.Class, f.Hint = refund.ClassTransient, hintAgain
		}
		return "", 0, fail(opToken, f)
	}
	token, life, err := wire.ReadToken(members, maxTokenLife)
	if err != nil {
		return "", 0, unreadableFailure(opToken, err)
	}
	return token, life, nil
}

func wireText(n wire.Int) string { return strconv.FormatInt(int64(n), 10) }
