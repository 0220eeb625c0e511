package finding

import (
	"database/sql"
	"errors"
	"fmt"
)

// Why a finding without sightings is resolved, and is new once more.
const (
	withdrawn = "later records explain it"
	seenAgain = "seen again after later records had explained it"
)

// row is a finding as it is stored.
type row struct {
	num, made          int64
	id                 string
	severity           int
	first, last, count int64
	text               string
	query, speaker     int64
	state, reason      string
	resolved           sql.NullInt64
	told               int
	occurrence         int64
	updated            int64
}

// next moves the state on after the sightings changed; some tells whether there are any. It returns what changed for
// people, and why. This is the only place where sightings move a state.
func (f *row) next(some bool) (kind, why string) {
	switch {
	case !some && f.occurrence == 0:
		panic("BUG: a finding that was never seen")
	case !some && f.state == StateResolved:
		return "", ""
	case !some:
		f.state, f.reason = StateResolved, withdrawn
		f.resolved = sql.NullInt64{} // there is nothing that another sighting could come after
		return KindWithdrawn, withdrawn
	case f.occurrence == 0, f.state == StateResolved && !f.resolved.Valid:
		f.state, f.reason, f.told = StateOpen, "", f.severity
		if f.occurrence++; f.occurrence > 1 {
			why = seenAgain
		}
		return KindNew, why
	case f.state == StateResolved && f.last >= f.resolved.Int64:
		why = "seen again after it was resolved"
		f.state, f.reason, f.told, f.resolved = StateRegressed, why, f.severity, sql.NullInt64{}
		f.occurrence++
		return KindRegressed, why
	case f.state != StateResolved && f.severity > f.told:
		why = fmt.Sprintf("%s, was %s", Severities[f.severity-1], Severities[f.told-1])
		f.told = f.severity
		return KindWorsened, why
	}
	return "", ""
}

func (r *recorder) load(num int64) (row, error) {
	f := row{num: num}
	ok, err := r.get(`SELECT id, made, severity, first, last, count, text, query, speaker, state, reason, resolved, told, occurrence, updated FROM finding WHERE num = ?`, []any{num},
		&f.id, &f.made, &f.severity, &f.first, &f.last, &f.count, &f.text, &f.query, &f.speaker, &f.state, &f.reason, &f.resolved, &f.told, &f.occurrence, &f.updated)
	if err == nil && !ok {
		err = errors.New("the finding is gone")
	}
	return f, err
}

func (r *recorder) save(f row) error {
	return r.exec(`UPDATE finding SET made = ?, severity = ?, first = ?, last = ?, count = ?, text = ?, query = ?, speaker = ?, state = ?, reason = ?, resolved = ?, told = ?,
		occurrence = ?, updated = ? WHERE num = ?`,
		f.made, f.severity, f.first, f.last, f.count, f.text, f.query, f.speaker, f.state, f.reason, f.resolved, f.told, f.occurrence, f.updated, f.num)
}

// happened writes a change into the history, and queues it for those who are to be told.
func (r *recorder) happened(f row, who, kind, why string) error {
	if err := r.exec(`INSERT INTO history (finding, at, who, kind, severity, why) VALUES (?, ?, ?, ?, ?, ?)`, f.num, micros(r.at), who, kind, f.severity, why); err != nil {
		return err
	}
	key := fmt.Sprintf("%s:%s:%s:%d", f.id, kind, Severities[f.severity-1], f.occurrence)
	r.events = append(r.events, event{f.num, kind, f.severity, key, r.at})
	switch kind {
	case KindNew, KindWorsened, KindRegressed:
		return r.exec(`INSERT INTO notice (key, finding, kind, severity, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`, key, f.num, kind, f.severity, micros(r.at))
	case KindWithdrawn:
		return r.exec(`UPDATE notice SET void = 1 WHERE finding = ?`, f.num)
	}
	return nil
}
