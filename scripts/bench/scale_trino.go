package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "github.com/trinodb/trino-go-client/trino"

	"weir/internal/engine"
	"weir/internal/engine/trino"
)

// trinoWait is how long a Trino may take to start.
const trinoWait = 3 * time.Minute

// trino: each saved query through weir, which puts its views before the text and asks for a plan first, and the same text
// sent to the same Trino as it is, where flows is the table itself.
func (s *scaler) trino(ctx context.Context) error {
	home, java := os.Getenv("WEIR_TRINO"), os.Getenv("WEIR_TRINO_JAVA")
	if home == "" || java == "" {
		fmt.Fprintln(os.Stderr, "bench: NOT MEASURED: Trino. make test-engines gets one; set WEIR_TRINO and WEIR_TRINO_JAVA to where it is")
		return nil
	}
	n := number("BENCH_TRINO_N", 3_000_000)
	p, err := s.large("trino", n)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	stop, err := startTrino(home, java, s.path("trino-server"), port)
	if err != nil {
		return err
	}
	defer stop()
	hand, err := sql.Open("trino", "http://weir@127.0.0.1:"+port+"?catalog=lake&schema=weir&source=bench&timezone=UTC")
	if err != nil {
		return err
	}
	defer hand.Close()
	catalog := fmt.Sprintf(`CREATE CATALOG lake USING iceberg WITH ("iceberg.security" = 'read_only', "iceberg.catalog.type" = 'jdbc',
		"iceberg.jdbc-catalog.catalog-name" = 'weir', "iceberg.jdbc-catalog.driver-class" = 'org.sqlite.JDBC',
		"iceberg.jdbc-catalog.connection-url" = 'jdbc:sqlite:%[1]s/catalog.db', "iceberg.jdbc-catalog.default-warehouse-dir" = 'file://%[1]s/warehouse',
		"fs.native-local.enabled" = 'true', "local.location" = '/')`, p.lake)
	made := false
	for start := time.Now(); ; {
		if !made {
			_, err = hand.ExecContext(ctx, catalog)
			made = err == nil
		}
		if made {
			var records int64
			if err = hand.QueryRowContext(ctx, "SELECT count(*) FROM flows").Scan(&records); err == nil {
				break
			}
		}
		if time.Since(start) > trinoWait {
			return fmt.Errorf("start trino: %w", err)
		}
		time.Sleep(500 * time.Millisecond)
	}
	ours, err := trino.Open(trino.Config{URL: "http://127.0.0.1:" + port, User: "weir"})
	if err != nil {
		return err
	}
	defer ours.Close()
	list, err := savedQueries(engine.Trino, benchDay)
	if err != nil {
		return err
	}
	head(group(n)+" records, Trino", "weir", "by hand", "ratio")
	return errors.Join(compare(ctx, list, ours, hand), os.RemoveAll(p.lake))
}

// startTrino starts a server as the tests do (internal/engine/trinotest).
func startTrino(home, java, dir, port string) (stop func(), err error) {
	etc := filepath.Join(dir, "etc")
	if err := os.MkdirAll(etc, 0o755); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"node.properties": "node.environment=bench\nnode.data-dir=" + dir + "/var\nnode.bind-ip=127.0.0.1\nnode.internal-address=127.0.0.1\n",
		"jvm.config": "-Xmx2G\n-XX:+ExitOnOutOfMemoryError\n-XX:+EnableDynamicAgentLoading\n" +
			"-Djdk.attach.allowAttachSelf=true\n-Duser.timezone=UTC\n",
		"config.properties": "coordinator=true\nnode-scheduler.include-coordinator=true\nhttp-server.http.port=" + port +
			"\ndiscovery.uri=http://127.0.0.1:" + port + "\ncatalog.management=dynamic\ncatalog.store=memory\nplugin.dir=" + home + "/plugins\n",
		"log.properties": "io.trino=WARN\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("/bin/sh", "-c", serverScript, "sh", home+"/server/bin/launcher", "run", "-jvm-dir", java, "-etc-dir", etc, "-data-dir", dir+"/var")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() { in.Close(); cmd.Wait() }, nil
}
