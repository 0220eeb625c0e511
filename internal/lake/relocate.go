package lake

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/twmb/avro/ocf"
)

// relocate makes the paths right in a lake that was moved or copied here: Iceberg's are absolute. weir itself does not
// need it, since fileIO maps paths; other engines do. Metadata, manifest lists and manifests are written anew beside the
// old ones, all snapshots', and one transaction turns to them. Data files are not touched. The old metadata is left to
// Expire, for readers that are in the middle of it.
func (l *Lake) relocate(ctx context.Context, at *folder) error {
	l.log.Info("lake was moved or copied, writing its paths anew", "from", at.from, "to", at.to)
	m := &mover{fs: at, tag: uuid.NewString()[:8], moved: map[string]moved{}}
	pointers := map[string]string{}
	for _, t := range l.stored() {
		loc, err := l.cat.pointer(ctx, t.name())
		if errors.Is(err, ErrNoTable) {
			continue
		}
		if err != nil {
			return err
		}
		to, err := m.metadata(ctx, loc)
		if err != nil {
			return fmt.Errorf("move table %s: %w", t.name(), err)
		}
		pointers[t.name()] = to
	}
	err := l.tx(ctx, func(tx *sql.Tx) error {
		for name, loc := range pointers {
			_, err := tx.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = NULL
				WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`, loc, catalogID, namespace, name)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE weir_meta SET value = ? WHERE key = 'root'`, l.dir)
		return err
	})
	if err != nil {
		return fmt.Errorf("turn to moved metadata: %w", err)
	}
	at.from = at.to
	return nil
}

// mover copies metadata, with the paths of the lake's old folder turned into those of its new one.
type mover struct {
	fs    *folder
	tag   string // in the names of the copies
	moved map[string]moved
}

type moved struct {
	name string
	size int64
}

// rename is the new name of a file in the lake. What lies elsewhere keeps its name.
func (m *mover) rename(name string) string {
	p, err := local(name)
	if err != nil {
		return name
	}
	if _, ok := under(m.fs.from, p); !ok {
		return name
	}
	p, err = m.fs.path(name)
	if err != nil {
		return name
	}
	return uri(p)
}

// beside is where the copy of a file goes.
func (m *mover) beside(name string) string {
	dir, base := path.Split(m.rename(name))
	stem, ext, _ := strings.Cut(base, ".")
	return dir + stem + "-" + m.tag + "." + ext
}

func (m *mover) metadata(ctx context.Context, loc string) (string, error) {
	text, err := m.fs.ReadFile(loc)
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(loc, ".metadata.json") || strings.Contains(path.Base(loc), ".gz.") || strings.Contains(path.Base(loc), ".zstd.") {
		return "", fmt.Errorf("metadata is compressed: %s", loc)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // snapshot ids do not fit a float
	var meta map[string]any
	if err := dec.Decode(&meta); err != nil {
		return "", fmt.Errorf("read %s: %w", loc, err)
	}
	if s, ok := meta["location"].(string); ok {
		meta["location"] = m.rename(s)
	}
	// Earlier metadata keeps the old paths, and so it is of no use here.
	meta["metadata-log"] = []any{}
	for _, list := range []string{"statistics", "partition-statistics"} {
		for _, e := range objectsOf(meta[list]) {
			if s, ok := e["statistics-path"].(string); ok {
				e["statistics-path"] = m.rename(s)
			}
		}
	}
	for _, s := range objectsOf(meta["snapshots"]) {
		if err := ctx.Err(); err != nil {
			return "", context.Cause(ctx)
		}
		list, ok := s["manifest-list"].(string)
		if !ok {
			return "", fmt.Errorf("snapshot %v has no manifest list", s["snapshot-id"])
		}
		to, err := m.avro(list, func(entry map[string]any) error {
			manifest, ok := entry["manifest_path"].(string)
			if !ok {
				return errors.New("entry without manifest_path")
			}
			to, err := m.avro(manifest, m.entry)
			if err != nil {
				return err
			}
			entry["manifest_path"], entry["manifest_length"] = to.name, to.size
			return nil
		})
		if err != nil {
			return "", err
		}
		s["manifest-list"] = to.name
	}
	text, err = json.Marshal(meta)
	if err != nil {
		return "", fmt.Errorf("encode metadata: %w", err)
	}
	// A name that Iceberg's catalogs can count on from: number, uuid.
	to := fmt.Sprintf("%s/%05d-%s.metadata.json", path.Dir(m.rename(loc)), version(loc)+1, uuid.NewString())
	if err := m.fs.WriteFile(to, text); err != nil {
		return "", fmt.Errorf("write metadata: %w", err)
	}
	return to, nil
}

// entry changes the paths in an entry of a manifest.
func (m *mover) entry(entry map[string]any) error {
	file, ok := entry["data_file"].(map[string]any)
	if !ok {
		return errors.New("entry without data_file")
	}
	for _, key := range []string{"file_path", "referenced_data_file"} {
		if s, ok := file[key].(string); ok {
			file[key] = m.rename(s)
		}
	}
	return nil
}

// avro copies an Avro file with its schema and header, each record changed.
func (m *mover) avro(name string, change func(map[string]any) error) (moved, error) {
	if done, ok := m.moved[name]; ok {
		return done, nil
	}
	text, err := m.fs.ReadFile(name)
	if err != nil {
		return moved{}, err
	}
	r, err := ocf.NewReader(bytes.NewReader(text))
	if err != nil {
		return moved{}, fmt.Errorf("read %s: %w", name, err)
	}
	defer r.Close()
	header := map[string][]byte{}
	for k, v := range r.Metadata() {
		if !strings.HasPrefix(k, "avro.") {
			header[k] = v
		}
	}
	var out bytes.Buffer
	w, err := ocf.NewWriter(&out, r.Schema(), ocf.WithSchema(string(r.Metadata()["avro.schema"])),
		ocf.WithMetadata(header), ocf.WithCodec(ocf.DeflateCodec(-1)))
	if err != nil {
		return moved{}, fmt.Errorf("copy %s: %w", name, err)
	}
	for {
		var rec map[string]any
		if err := r.Decode(&rec); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return moved{}, fmt.Errorf("read %s: %w", name, err)
		}
		if err := change(rec); err != nil {
			return moved{}, fmt.Errorf("copy %s: %w", name, err)
		}
		if err := w.Encode(rec); err != nil {
			return moved{}, fmt.Errorf("copy %s: %w", name, err)
		}
	}
	if err := w.Close(); err != nil {
		return moved{}, fmt.Errorf("copy %s: %w", name, err)
	}
	done := moved{name: m.beside(name), size: int64(out.Len())}
	if err := m.fs.WriteFile(done.name, out.Bytes()); err != nil {
		return moved{}, fmt.Errorf("write %s: %w", done.name, err)
	}
	m.moved[name] = done
	return done, nil
}

// objectsOf are the objects in a JSON array.
func objectsOf(v any) []map[string]any {
	list, _ := v.([]any)
	var objects []map[string]any
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}
