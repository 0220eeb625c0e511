package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena"
	"weir/internal/finding"
	"weir/internal/lake"
	"weir/internal/rootmodule"
	"weir/internal/source/s3"
)

// hint returns one line of advice for an error that people meet, or "". It looks at types and codes, never at the text
// of an error: texts change, and may hold what a stranger wrote.
func hint(err error) string {
	if h := s3Hint(err); h != "" {
		return h
	}
	if h := athenaHint(err); h != "" {
		return h
	}
	var server *engine.ServerError
	if errors.As(err, &server) {
		if h := serverHint(server); h != "" {
			return h
		}
	}
	var locked *lake.LockedError
	var ledger *lake.LedgerError
	var dns *net.DNSError
	var lost *lake.LeaseError
	var pg *pgconn.PgError
	var other *lake.OtherLakeError
	var unknownFinding *finding.UnknownError
	var ambiguous *finding.AmbiguousError
	var unknownSuppression *finding.UnknownSuppressionError
	var conflict *rootmodule.ConflictError
	switch {
	case errors.As(err, &conflict):
		return "nothing was written; --force overwrites these files, another DIR leaves them, --renew-module is for the module's copy alone"
	case errors.As(err, &other) && strings.Contains(other.Dir, "://"):
		return "'weir config' shows where the settings come from; a database that has a lake takes another in a schema: ?search_path=NAME"
	case errors.As(err, &other):
		return "--catalog '' looks for the catalog in the lake's own folder; 'weir config' shows where the settings come from"
	case errors.Is(err, lake.ErrNoLake):
		return "'weir ingest SOURCE' makes the lake; 'weir config' shows where it is looked for, --lake names another"
	case errors.Is(err, finding.ErrNoStore):
		return "'weir detect' looks for findings and keeps them; 'weir config' shows where, --findings names another file"
	case errors.As(err, &unknownFinding):
		return "'weir findings --state all' lists every id"
	case errors.As(err, &ambiguous):
		return "type more of the id"
	case errors.As(err, &unknownSuppression) && unknownSuppression.From != "":
		return "remove it from the file"
	case errors.As(err, &unknownSuppression):
		return "'weir findings suppressions' lists them"
	case errors.As(err, &pg):
		return pgHints[pg.Code]
	case errors.As(err, &lost):
		return "this process was out of touch with the catalog for longer than its lease; what it had committed is kept, and the same command goes on"
	case errors.Is(err, errNoCatalog):
		return "name its catalog: --catalog postgres://user@host/database, or catalog: in the settings file (docs/lake.md)"
	case errors.As(err, &locked) && locked.Left > 0:
		return "one weir writes a lake at a time; wait for the other, or stop it. Reading goes on meanwhile"
	case errors.As(err, &locked):
		return "one weir writes a lake at a time; wait for the other, or stop it. Reading goes on meanwhile. A process that died holds no lock"
	case errors.As(err, &ledger):
		return "a lake has one ledger, which knows what is stored: --ledger names it, a file of the machine that writes, or postgres://…"
	case errors.Is(err, lake.ErrNoLedger), errors.Is(err, errNoLedger):
		return "--ledger names it: a file of the machine that writes, or postgres://… where several take turns"
	case errors.Is(err, s3.ErrNoRegion):
		return "AWS keeps these things by Region: --s3-region REGION, AWS_REGION, or the profile's region"
	case errors.Is(err, flowlog.ErrNoHeader):
		return `say the fields of the log: --log-format default, or --log-format "${version} ${account-id} …" as DescribeFlowLogs shows it`
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full. A lake is as it was after its last commit; make room and run the same command again"
	case errors.Is(err, syscall.EROFS):
		return "the file system is mounted read-only; --lake names a lake elsewhere"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "too many open files; raise the limit with 'ulimit -n 4096'"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not do that; 'ls -ld' on the path shows who may"
	case errors.As(err, &dns):
		return "the name of the server is not known here: check the network, the region (--s3-region) and the endpoint (--s3-endpoint)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at that address; check --s3-endpoint and --catalog"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long; the same command goes on where it stopped"
	}
	return ""
}

// pgHints are by SQLSTATE. PostgreSQL documentation, "PostgreSQL Error Codes", read 2026-11.
var pgHints = map[string]string{
	"28000": "the catalog's server does not let this user in from here; its pg_hba.conf says who may",
	"28P01": "the catalog's server refused the password; it is taken from PGPASSWORD or ~/.pgpass",
	"3D000": "there is no such database; make it first: createdb NAME",
	"3F000": "there is no such schema; make it first: CREATE SCHEMA NAME",
	"42501": "this user may not do that in the catalog: to read it needs SELECT on its tables, to write INSERT, UPDATE and DELETE, and the first writer CREATE",
	"53100": "the catalog's server has no room on its disk. The lake is as it was after the last commit",
	"53300": "the catalog's server has no connection left; it allows max_connections",
	"57P03": "the catalog's server is starting or stopping; run the same command later",
}

// serverHints are by the error code of an engine on a server.
var serverHints = map[string]string{
	"HTTP 401":                     "the server wants to know who you are: --trino-user, and the password in WEIR_TRINO_PASSWORD (over https)",
	"HTTP 403":                     "the server knows you and says no; its access rules are the administrator's",
	"HTTP 404":                     "there is a web server at that address, but no Trino; check --trino-url",
	"CATALOG_NOT_FOUND":            "--trino-catalog names the catalog in which the server has the lake; docs/sql.md shows how it is made",
	"SCHEMA_NOT_FOUND":             "--trino-schema names the lake's schema, which is weir unless it was made otherwise",
	"TABLE_NOT_FOUND":              "the lake is made by 'weir ingest'; --trino-catalog and --trino-schema say where the server has it",
	"COLUMN_NOT_FOUND":             "the lake was made by an older weir; 'weir ingest' adds the columns",
	"EXCEEDED_LOCAL_MEMORY_LIMIT":  tooLarge,
	"EXCEEDED_GLOBAL_MEMORY_LIMIT": tooLarge,
	"CLUSTER_OUT_OF_MEMORY":        tooLarge,
	"EXCEEDED_TIME_LIMIT":          tooLarge,
	"EXCEEDED_CPU_LIMIT":           tooLarge,
	"EXCEEDED_SCAN_LIMIT":          tooLarge,
	"QUERY_QUEUE_FULL":             "the server has too many queries waiting; try again later",
	"NO_NODES_AVAILABLE":           "the server has no workers; its administrator knows more",
	"SERVER_STARTING_UP":           "the server is still starting; try again in a minute",
	"PERMISSION_DENIED":            "the server's access rules do not let this user read the lake",
}

const tooLarge = "the query is too large for what the server allows: bound it with --since and --until, or group by fewer columns"

func serverHint(e *engine.ServerError) string {
	var dns *net.DNSError
	switch h := serverHints[e.Code]; {
	case h != "":
		return h
	case errors.Is(e, syscall.ECONNREFUSED):
		return "nothing listens at that address; check --" + e.Engine + "-url"
	case errors.As(e, &dns):
		return "the name of the server is not known here; check --" + e.Engine + "-url"
	}
	return ""
}

// s3Hints are by the error code of S3, STS or the credentials chain.
var s3Hints = map[string]string{
	"NoSuchBucket":                 "there is no bucket of that name; it is written s3://bucket/prefix, without region or account, and a lake's is to be made first",
	"NoSuchKey":                    "the object is gone: a lifecycle rule or somebody deleted it after it was listed",
	"PermanentRedirect":            "the bucket is in another region: --s3-region REGION",
	"AuthorizationHeaderMalformed": "the bucket is in another region: --s3-region REGION",
	"ExpiredToken":                 "the session's credentials have run out; sign in again (aws sso login, or renew the role) and run the same command",
	"ExpiredTokenException":        "the session's credentials have run out; sign in again (aws sso login, or renew the role) and run the same command",
	"InvalidAccessKeyId":           "AWS does not know this access key; 'aws sts get-caller-identity' shows who you are",
	"SignatureDoesNotMatch":        "the secret key does not fit the access key, or the endpoint is not the server that it says it is",
	"InvalidToken":                 "the session token does not fit the access key; set both or neither",
	"InvalidClientTokenId":         "AWS does not know this access key; 'aws sts get-caller-identity' shows who you are",
	"RequestTimeTooSkewed":         "the clock of this machine is wrong by more than 15 minutes",
	"InvalidObjectState":           "the object is in Glacier; restore it first, or leave its days out with --since",
	"SlowDown":                     "S3 asks for fewer requests at once; run the same command later, it goes on where it stopped",
	"KMS.AccessDeniedException":    "the role or user lacks kms:Decrypt on the key that the object is encrypted with",
	"KMS.DisabledException":        "the KMS key that the object is encrypted with is disabled",
	"InvalidBucketName":            "that is not the name of a bucket; a source is written s3://bucket/prefix",
	"UnrecognizedClientException":  "AWS does not know this access key; 'aws sts get-caller-identity' shows who you are",
	"UnauthorizedException":        "sign in again: aws sso login",
	"MovedPermanently":             "the bucket is in another region: --s3-region REGION",
	"NotFound":                     "the object or bucket is not there",
	"ServiceUnavailable":           "S3 did not answer after several tries; run the same command later, it goes on where it stopped",
	"InternalError":                "S3 failed after several tries; run the same command later, it goes on where it stopped",
	"PreconditionFailed":           "the object changed after it was listed; run the same command again",
}

// deniedActions says which permission an operation needs, where it is not s3: and the operation's own name.
var deniedActions = map[string]string{
	"ListObjectsV2": "s3:ListBucket on the bucket (arn:aws:s3:::BUCKET)",
	"ListObjects":   "s3:ListBucket on the bucket (arn:aws:s3:::BUCKET)",
	"HeadBucket":    "s3:ListBucket on the bucket (arn:aws:s3:::BUCKET)",
	"GetObject":     "s3:GetObject on its objects (arn:aws:s3:::BUCKET/*), or kms:Decrypt on the key that they are encrypted with",
	"HeadObject":    "s3:GetObject on its objects (arn:aws:s3:::BUCKET/*)",

	"StartQueryExecution": "athena:StartQueryExecution on the workgroup (arn:aws:athena:REGION:ACCOUNT:workgroup/NAME)",
	"GetQueryExecution":   "athena:GetQueryExecution on the workgroup",
	"GetQueryResults":     "athena:GetQueryResults on the workgroup, or s3:GetObject on the place of its results",
	"StopQueryExecution":  "athena:StopQueryExecution on the workgroup; the query may still run",
	"GetTable":            "glue:GetTable on the catalog, the database and the table",
	"GetPartitions":       "glue:GetPartitions on the catalog, the database and the table",

	"AssumeRole": "sts:AssumeRole on the role, or the role's trust policy does not name you (does it want --s3-external-id?)",
}

func s3Hint(err error) string {
	if noCredentials(err) {
		return "no AWS credentials were found: sign in (aws sso login), set AWS_PROFILE or --s3-profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	code := api.ErrorCode()
	switch code {
	case "UnauthorizedOperation": // so says EC2, which only the doctor asks
		return "docs/doctor.md lists the permissions that 'weir doctor --aws' needs"
	case "AccessDenied", "AccessDeniedException", "Forbidden", "AllAccessDenied":
		var op *smithy.OperationError
		if errors.As(err, &op) {
			if op.Service() == "Glue" {
				return "the role or user lacks glue:" + op.Operation() + " on the catalog, the database and the table, see docs/lake.md; Lake Formation can forbid it too"
			}
			if action := deniedActions[op.Operation()]; action != "" {
				return "the role or user lacks " + action + "; a bucket policy can forbid it too"
			}
		}
		return "the role or user lacks a permission: s3:ListBucket on the bucket and s3:GetObject on its objects are needed"
	}
	return s3Hints[strings.TrimSpace(code)]
}

// athenaHint is for queries that Athena or the guard of their costs refuses.
func athenaHint(err error) string {
	var query *athena.QueryError
	var output *athena.NoOutputError
	var cost *engine.CostError
	var unknown *engine.UnknownCostError
	var api smithy.APIError
	switch {
	case errors.As(err, &query) && query.Denied():
		return "Athena reads as you: the role or user needs s3:GetObject and s3:ListBucket on the logs, kms:Decrypt on their key, and Lake Formation's consent where it is in use"
	case errors.As(err, &output):
		return "set athena.output to s3://bucket/prefix/, or a place for results in the workgroup"
	case errors.As(err, &cost) && cost.Daily:
		return "the budget begins anew at midnight of UTC; --daily-bytes allows more, --since reads less"
	case errors.As(err, &cost):
		return "--since and --until read less; --max-bytes allows more"
	case errors.As(err, &unknown):
		return "give the workgroup a limit of its own (BytesScannedCutoffPerQuery) that is no higher, or leave max_bytes and daily_bytes unset"
	case errors.As(err, &api) && api.ErrorCode() == "EntityNotFoundException":
		return "athena.database and athena.table name the table; is it in this region (--s3-region)?"
	}
	return ""
}

// noCredentials tells the error of the SDK when all places for credentials are empty: the last that it asks is the
// machine's own role, and that is what fails.
func noCredentials(err error) bool {
	var op *smithy.OperationError
	for errors.As(err, &op) {
		if op.Service() == "ec2imds" {
			return true
		}
		err = op.Err
	}
	return false
}
