package main

import (
	"context"
	"errors"
	"fmt"

	sdkaws "github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/doctor"
	"weir/internal/doctor/aws"
	"weir/internal/source/s3"
)

// errUnseen ends a visit to an account of which a part may not be seen. What it was has been said, line by line.
var errUnseen = errors.New("some of the account could not be looked at; the findings are those of the rest")

// lookAtAWS reads the account and Region of the settings.
func lookAtAWS(ctx context.Context, a *app) (*doctor.Module, error) {
	o := a.awsOptions()
	o.NeedRegion = true // every Region has flow logs of its own
	cfg, err := s3.LoadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	return aws.Look(ctx, aws.Config{AWS: cfg, NewS3: func(cfg sdkaws.Config) *sdk.Client { return s3.NewClient(cfg, o) }})
}

// doctorAWSDoc is the part of docs/doctor.md about live accounts.
func doctorAWSDoc() string {
	n := 0
	for _, c := range doctor.Checks() {
		if c.Live() {
			n++
		}
	}
	return fmt.Sprintf(`
## Live accounts

%[1]sweir doctor --aws%[1]s looks at one account and Region: the flow logs there, and the buckets, log groups, roles, keys, tables, saved
queries, workgroups and alarms that they lead to. It tries the same checks, and %[2]d more that no file can answer; those say
"a live account only" below. Resources go by their ARN. There are no diffs: what to change is in whatever made the resource.

Account and Region are those of the AWS tools (AWS_PROFILE, AWS_REGION, the machine's role), or of %[1]s--s3-profile%[1]s, %[1]s--s3-region%[1]s
and %[1]s--s3-assume-role%[1]s. Nothing is changed: a guard refuses every call that is not in the list below. Of a delivered object the
names of its fields are read, and nothing else is kept. Calls are made eight at a time, and tried again when AWS says to slow down.

What it may not see is said, with the permission that lacks ("not looked at: s3:GetBucketPolicy on BUCKET: access denied"), is never
a finding, and makes the exit status 2. Buckets, keys and roles of other accounts are named and left alone: run the doctor there, too.

What it does not do: it looks at one Region at a time, not into delivery streams of Firehose, and not at whether policies of the
organization forbid what the policies here allow. Of tables it sees those in the account's own Glue catalog, in text or Parquet,
over a flow log's bucket or a folder AWSLogs.

This policy is what it needs:

%[1]s%[1]s%[1]sjson
%[3]s%[1]s%[1]s%[1]s
`, "`", n, aws.Policy())
}
