package traffic

// Look-alikes are habits of the company (habits.go) that resemble attacks. They happen whether they are asked for or
// not; asking for them gives them labels, so that a rule that reports one can be told.

var lookalikes = []attack{
	{"benign-agents", "benign: an idle host's agent calls AWS every minute", mark("agents", "idle-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D39", "D40"}, []uint16{443}, tcp
		l.Targets = addrs(w.one("endpoint").addr)
		l.Summary = "An agent calls AWS every minute, the same bytes each time, for ever."
	})},
	{"benign-monitoring", "benign: monitoring scrapes every host", mark("monitoring", "mon-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D16", "D32"}, []uint16{9100}, tcp
		l.Summary = "The monitoring host opens the same port at every host, every ten minutes."
	})},
	{"benign-build", "benign: continuous integration uses ssh to the internet and to many hosts", mark("build", "ci-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D16", "D27", "D28"}, []uint16{22}, tcp
		l.Summary = "Continuous integration fetches from git over ssh, and deploys over ssh to every server."
	})},
	{"benign-backup", "benign: the database is copied to S3 at night", mark("backup", "db-2", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D55", "D57", "D62"}, []uint16{443}, tcp
		l.Summary = "The nightly backup: gigabytes from the database to S3 through the gateway endpoint."
	})},
	{"benign-patching", "benign: hosts fetch updates from a mirror", mark("patching", "app-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D38", "D58"}, []uint16{443}, tcp
		l.Summary = "The daily update from a mirror."
		for i := range uint64(8) {
			l.Targets = append(l.Targets, mirror(i).String())
		}
	})},
	{"benign-checks", "benign: Route 53 checks the public site from everywhere", mark("checks", "blog-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D07", "D40"}, []uint16{443}, tcp
		l.Summary = "Health checkers call the public site by the clock."
		l.Actors, l.Targets = nil, l.Actors
		for i := range uint64(15) {
			l.Actors = append(l.Actors, checker(i).String())
		}
	})},
}

// mark enters the label of a habit, which looks it up by its name.
func mark(habit, host string, fill func(w *world, l *Label)) func(*world, rng) func(*tick) {
	return func(w *world, _ rng) func(*tick) {
		h := w.named(host)
		l := Label{Benign: true, Actors: addrs(h.addr)}
		fill(w, &l)
		l.Attack, l.Name = "benign-"+habit, "benign-"+habit
		w.marks[habit] = w.label(h, l).index
		return func(*tick) {}
	}
}
