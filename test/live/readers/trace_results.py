"""MLflow's traces, assessments and records of datasets as plain values with this package's names."""


def trace_info(info, describe):
    return {
        "traceId": info.trace_id,
        "experimentId": info.experiment_id,
        "requestTimeMs": info.request_time,
        "executionDurationMs": info.execution_duration,
        "state": info.state.value,
        "requestPreview": info.request_preview,
        "responsePreview": info.response_preview,
        "clientRequestId": info.client_request_id,
        "traceMetadata": describe(info.trace_metadata),
        "tags": describe(info.tags),
        "assessments": describe(info.assessments),
    }


def span(value, describe):
    return {
        "traceId": value.trace_id,
        "spanId": value.span_id,
        "parentId": value.parent_id,
        "name": value.name,
        "spanType": value.span_type,
        "startTimeNs": describe(value.start_time_ns),
        "endTimeNs": describe(value.end_time_ns),
        "status": {"code": value.status.status_code.value, "message": value.status.description},
        "inputs": describe(value.inputs),
        "outputs": describe(value.outputs),
        "attributes": describe(value.attributes),
        "events": [
            {"name": each.name, "timeNs": describe(each.timestamp), "attributes": describe(each.attributes)}
            for each in value.events
        ],
        "links": [
            {"traceId": each.trace_id, "spanId": each.span_id, "attributes": describe(each.attributes)}
            for each in value.links
        ],
    }


def trace(value, describe):
    return {"info": trace_info(value.info, describe), "data": {"spans": describe(value.data.spans)}}


def assessment(value, describe):
    common = {
        "assessmentId": value.assessment_id,
        "traceId": value.trace_id,
        "name": value.name,
        "source": {"sourceType": value.source.source_type, "sourceId": value.source.source_id},
        "spanId": value.span_id,
        "metadata": describe(value.metadata or {}),
        "createTimeMs": value.create_time_ms,
        "lastUpdateTimeMs": value.last_update_time_ms,
        "isValid": value.valid is not False,
    }
    if type(value).__name__ == "Expectation":
        return {**common, "kind": "expectation", "value": describe(value.value)}
    return {
        **common,
        "kind": "feedback",
        "value": describe(value.value),
        "error": describe(value.error),
        "rationale": value.rationale,
        "overrides": value.overrides,
    }


def record(value, describe):
    source = value.source and {
        "sourceType": value.source.source_type,
        "sourceData": describe(value.source.source_data),
    }
    return {
        "datasetRecordId": value.dataset_record_id,
        "datasetId": value.dataset_id,
        "inputs": describe(value.inputs),
        "outputs": describe(value.outputs),
        "expectations": describe(value.expectations),
        "tags": describe(value.tags),
        "source": source,
        "sourceId": value.source_id,
        "creationTimeMs": value.created_time,
        "lastUpdateTimeMs": value.last_update_time,
        "createdBy": value.created_by,
        "lastUpdatedBy": value.last_updated_by,
    }


BY_KIND = {
    "TraceInfo": trace_info,
    "Trace": trace,
    "Span": span,
    "LiveSpan": span,
    "Feedback": assessment,
    "Expectation": assessment,
    "DatasetRecord": record,
}
