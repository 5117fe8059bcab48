#!/usr/bin/env bash
# S3 (Versity gateway on a folder): s3.sh install | start | stop
# S3_BUCKET: the bucket that is there when it has started (default runspan).
. "$(dirname "$0")/lib.sh"

version=v1.8.0
bin=$cache/versitygw-$version

install() { build "$bin" go_module "github.com/versity/versitygw@$version" ./cmd/versitygw; }

start() {
  local dir=$run/s3 port=$(ports s3 1) bucket=${S3_BUCKET:-runspan}
  export ROOT_ACCESS_KEY=${ROOT_ACCESS_KEY:-test-access} ROOT_SECRET_KEY=${ROOT_SECRET_KEY:-test-secret-key}
  mkdir -p "$dir/data" "$dir/versions"
  cat >"$dir/env" <<-EOF
	export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port
	export AWS_ACCESS_KEY_ID=$ROOT_ACCESS_KEY
	export AWS_SECRET_ACCESS_KEY=$ROOT_SECRET_KEY
	export AWS_REGION=us-east-1
	export AWS_DEFAULT_REGION=us-east-1
	export MLFLOW_S3_ENDPOINT_URL=http://127.0.0.1:$port
	export S3_BUCKET=$bucket
	EOF
  launch s3 "$bin" --port "127.0.0.1:$port" --health /health posix --versioning-dir "$dir/versions" "$dir/data"
  wait_http s3 "http://127.0.0.1:$port/health"
  # The header is sent for older versions of curl, which leave it out.
  [ -d "$dir/data/$bucket" ] || curl -fsS -X PUT --aws-sigv4 aws:amz:us-east-1:s3 -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
    --user "$ROOT_ACCESS_KEY:$ROOT_SECRET_KEY" "http://127.0.0.1:$port/$bucket" >&2 || { stop s3; return 1; }
}

main s3 "$@"
