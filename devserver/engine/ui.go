package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// contentPolicy keeps the pages from fetching anything from another machine (news, fonts, pictures): what is shown here
// is nobody else's business. A payload codec on this machine may still be asked.
const contentPolicy = "connect-src 'self' http://localhost:* http://127.0.0.1:*; font-src 'self' data:; img-src 'self' data: blob:"

// webUI is Temporal's own Web UI on our listener.
type webUI struct {
	server *http.Server
	served chan error
}

// startUI answers at once: the listener is open before it is called. All actions (signal, cancel, terminate ...) are allowed.
func startUI(l net.Listener, conn *grpc.ClientConn, options Options) (*webUI, error) {
	handler, err := uiHandler(conn, &config.Config{
		TemporalGRPCAddress: conn.Target(),
		DefaultNamespace:    options.Namespace,
		EnableUI:            true,
		DisableNewsFetch:    true,                              // no outside calls
		NotifyOnNewVersion:  false,                             // no outside calls
		CORS:                config.CORS{CookieInsecure: true}, // plain HTTP: a secure cookie would never come back
		HideLogs:            true,
		// Cookies are one machine's, whatever the port: who signed in at the codec server is known to it here.
		Codec: config.Codec{
			Endpoint: options.CodecEndpoint, IncludeCredentials: options.CodecEndpoint != "",
			DefaultErrorMessage: "Refunds are encrypted here. Sign in at the codec server to read them", DefaultErrorLink: options.CodecEndpoint,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("web UI: %w", err)
	}
	u := &webUI{
		server: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		served: make(chan error, 1),
	}
	go func() { u.served <- u.server.Serve(l) }()
	return u, nil
}

// uiHandler puts the parts of ui-server together as its own NewServer does. That one cannot be used: it opens the listener
// itself, ends the process when the port is taken, and never closes its connection to the server.
func uiHandler(conn *grpc.ClientConn, cfg *config.Config) (http.Handler, error) {
	provider, err := config.NewConfigProviderWithRefresh(cfg)
	if err != nil {
		return nil, err
	}
	pages, err := ui.Assets()
	if err != nil {
		return nil, err
	}
	if pages, err = fs.Sub(pages, "local"); err != nil {
		return nil, err
	}

	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip(), middleware.Secure(), keepHome)
	e.Use(csrf.EnsureTokenCookie(!cfg.CORS.CookieInsecure))
	e.Use(middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, !cfg.CORS.CookieInsecure)))

	forward := []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}
	v1 := e.Group("/api/v1")
	v1.GET("/settings", api.GetSettings(provider))
	v1.GET("/releases", api.GetLatestReleases(provider, api.NewReleaseChecker()))
	v1.GET("/ui-extensions", api.GetUIExtensions(provider, api.TemporalAccessCheck(conn, forward)))
	v1.GET(api.WorkflowRawHistoryUrl, api.WorkflowRawHistoryHandler(workflowservice.NewWorkflowServiceClient(conn)))
	v1.Any("/*", api.TemporalAPIHandler(provider, forward, conn))

	route.SetHealthRoute(e)
	route.SetRenderRoute(e, "/")
	return e, route.SetUIRoutes(e, "", pages, provider)
}

// keepHome adds our policy to the one that the page's handler sets; a browser obeys both.
func keepHome(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Before(func() { c.Response().Header().Add("Content-Security-Policy", contentPolicy) })
		return next(c)
	}
}

func (u *webUI) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := u.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // an open page keeps long polls; they are not worth waiting for
		err = u.server.Close()
	}
	if served := <-u.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("stop the web UI: %w", err)
	}
	return nil
}
