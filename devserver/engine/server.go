package engine

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

const clusterName = "active" // stored in the database file: a file made under one name does not start under another

// sqlConfig tells the server's SQLite plugin where the data is. store is nil for memory; stock leaves the journal as
// SQLite has it.
func sqlConfig(store *storage, stock bool) *config.SQL {
	if store == nil {
		return &config.SQL{
			PluginName:        sqliteplugin.PluginName,
			DatabaseName:      "refundflow-" + uuid.NewString(), // memory is shared by name within a process
			ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
		}
	}
	sql := &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: store.dsnPath(),
		// More connections are slower, not faster: they queue for the one writer (measured 0.6 times the rate).
		MaxConns:     1,
		MaxIdleConns: 1,
		ConnectAttributes: map[string]string{
			"mode": "rw",
			// WAL is 1.5 times as fast as the default journal; FULL keeps the last commit through a power cut. NORMAL would
			// lose commits that a client was already told of, for hardly more speed.
			"journal_mode": "wal",
			"synchronous":  "full",
			// The plugin keeps a connection per URI for as long as the process lives. SQLite ignores this word, which gives
			// each start its own connection: an old one would go on using a file that was deleted in between.
			"setup": uuid.NewString(),
		},
	}
	if stock {
		delete(sql.ConnectAttributes, "journal_mode")
		delete(sql.ConnectAttributes, "synchronous")
	}
	return sql
}

func serverConfig(sql *config.SQL, p ports) *config.Config {
	service := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
	}
	return &config.Config{
		// No metrics and no pprof listener: Global stays empty.
		Persistence: config.Persistence{
			DefaultStore:    sqliteplugin.PluginName,
			VisibilityStore: sqliteplugin.PluginName,
			// One shard is right for SQLite (4 or 8 measured the same), and cannot be changed for an existing file.
			NumHistoryShards: 1,
			DataStores:       map[string]config.DataStore{sqliteplugin.PluginName: {SQL: sql}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: address(p.frontend)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(p.frontend),
			string(primitives.HistoryService):  service(p.history),
			string(primitives.MatchingService): service(p.matching),
			string(primitives.WorkerService):   service(p.worker),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: address(p.frontend)},
	}
}

func newServer(cfg *config.Config, settings dynamicconfig.Client, p ports, logger serverLog) (temporal.Server, error) {
	return temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(settings),
		// Who is where is known beforehand. Without this the services find each other by gossip, which needs four more
		// ports and a wait after start.
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: static.SingleLocalHost(address(p.frontend)),
			primitives.HistoryService:  static.SingleLocalHost(address(p.history)),
			primitives.MatchingService: static.SingleLocalHost(address(p.matching)),
			primitives.WorkerService:   static.SingleLocalHost(address(p.worker)),
		}),
	)
}

// createNamespace writes the namespace straight into the database, before the server starts: asked through the API, a
// running server would show a new namespace to its other services seconds later.
func createNamespace(sql *config.SQL, name string, retention time.Duration) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, name, false, nil)
	if err != nil {
		return fmt.Errorf("namespace %q: %w", name, err)
	}
	ns.Detail.Config.Retention = durationpb.New(retention)
	if err := sqlite.CreateNamespaces(sql, ns); err != nil {
		return fmt.Errorf("create namespace %q: %w", name, err)
	}
	return nil
}
