#!/usr/bin/env bash
# OpenTelemetry Collector with the project's otel-collector.yaml: collector.sh install | start [CONFIG] | stop | validate [CONFIG]
# COLLECTOR_NAME: another name starts a second one beside the first.
# COLLECTOR_TRACES and the other variables of otel-collector.yaml mean what they mean there; only the ports are chosen here.
. "$(dirname "$0")/lib.sh"

version=0.161.0
bin=$cache/otelcol-$version-$(cat "$here"/otelcol/{main.go,go.sum} | sha256sum | cut -c1-8)
name=${COLLECTOR_NAME:-collector}
config=$here/../../../otel-collector.yaml

install() { build "$bin" go_build "$here/otelcol" .; }

start() {
  local port
  read -ra port <<<"$(ports "$name" 3)"
  export COLLECTOR_HOST=127.0.0.1 COLLECTOR_OUT=${COLLECTOR_OUT:-$run/$name/out}
  export COLLECTOR_GRPC_PORT=${port[0]} COLLECTOR_HTTP_PORT=${port[1]} COLLECTOR_HEALTH_PORT=${port[2]}
  cat >"$run/$name/env" <<-EOF
	export OTEL_COLLECTOR_HTTP=http://127.0.0.1:$COLLECTOR_HTTP_PORT
	export OTEL_COLLECTOR_GRPC=http://127.0.0.1:$COLLECTOR_GRPC_PORT
	export OTEL_COLLECTOR_OUT=$COLLECTOR_OUT
	EOF
  launch "$name" "$bin" --config "${1:-$config}"
  wait_http "$name" "http://127.0.0.1:$COLLECTOR_HEALTH_PORT/"
}

if [ "${1:-}" = validate ]; then
  locked "$cache/collector.sh.lock" install
  exec "$bin" validate --config "${2:-$config}"
fi
main "$name" "$@"
