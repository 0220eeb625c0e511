package doctor_test

const parquetIn = `input_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    location = "s3`

var parquetTable = with(with(goodTable, `location = "s3`, parquetIn), "traffic_type ", "destination_options {\n    file_format = \"parquet\"\n  }\n  traffic_type ")

var tableCases = []testCase{
	{"table-column-missing", with(goodTable, colText("srcport", "int"), ""), goodTable},
	{"table-column-extra", with(goodTable, colText("srcport", "int"), colText("srcport", "int")+colText("vpc_id", "string")), goodTable},
	{"table-column-order", with(goodTable, colText("srcport", "int")+colText("dstport", "int"), colText("dstport", "int")+colText("srcport", "int")), goodTable},
	{"table-column-twice", with(goodTable, colText("srcport", "int"), colText("region", "string")), goodTable},
	{"table-column-type", with(goodTable, colText("srcport", "int"), colText("srcport", "string")), goodTable},
	{"table-parquet-protocol", parquetTable, with(parquetTable, colText("protocol", "bigint"), colText("protocol", "int"))},
	{"table-file-format", with(goodTable, `location = "s3`, parquetIn), parquetTable},
	{"table-header", with(goodTable, `"skip.header.line.count"    = "1"`, ""), goodTable},
	{"table-reserved-word", with(ddl, "`end`", "end"), ddl},
	{"table-elsewhere", with(goodTable, `location = "s3://${aws_s3_bucket.b.id}`, `location = "s3://other`), goodTable},
	{"table-location-hard-coded", with(goodTable, `location = "s3://${aws_s3_bucket.b.id}/AWSLogs/"`, `location = "s3://bucket/AWSLogs/123456789012/"`), goodTable},
	{"table-partition-never-loaded", with(goodTable, `"true"`, `"false"`), goodTable},
	{"table-partition-never-loaded", with(goodTable, `"true"`, `"false"`), with(goodTable, `"true"`, `"false"`) + `resource "aws_glue_crawler" "c" { name = "c" }`},
	{"table-projection-incomplete", with(goodTable, `"projection.region.type"    = "enum"`, ""), goodTable},
	{"table-projection-incomplete", with(goodTable, "/$${day}", ""), goodTable},
	{"table-projection-elsewhere", with(goodTable, `"yyyy/MM/dd"`, `"yyyy-MM-dd"`), goodTable},
	{"table-projection-elsewhere", with(goodTable, "traffic_type ", "destination_options {\n    per_hour_partition = true\n  }\n  traffic_type "), goodTable},
	{"table-projection-elsewhere", with(goodTable, "aws_s3_bucket.b.arn", `"${aws_s3_bucket.b.arn}/network"`), goodTable},
	{"table-projection-range", with(goodTable, ",NOW", ",2025/01/01"), goodTable},
}
