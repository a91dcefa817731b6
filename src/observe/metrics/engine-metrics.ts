import { bytes, latency, type MetricSection } from './metric.ts';
import { one, optional } from './samples.ts';

export const engineMetrics: MetricSection = {
  title: 'The engine',
  metrics: [
    {
      name: 'torrent_fuse_engine_up',
      type: 'gauge',
      labels: [],
      unit: '1',
      help: '1 while the engine answers; 0 before its first answer',
      stability: 'stable',
      samples: ({ engine }) => one(engine.answers ? 1 : 0),
    },
    {
      name: 'torrent_fuse_engine_breaker_state',
      type: 'gauge',
      labels: ['state'],
      unit: '1',
      help: '1 for the state of the circuit breaker before the engine, 0 for the others',
      stability: 'stable',
      samples: ({ engine }) =>
        engine.breaker === undefined
          ? []
          : ['closed', 'half-open', 'open'].map(state => ({
              labels: { state },
              value: state === engine.breaker ? 1 : 0,
            })),
    },
    {
      name: 'torrent_fuse_engine_streams_open',
      type: 'gauge',
      labels: [],
      unit: 'streams',
      help: 'Streams open at the engine, each of which holds a permit',
      stability: 'stable',
      samples: ({ engine }) => optional(engine.streams?.open),
    },
    {
      name: 'torrent_fuse_engine_streams_limit',
      type: 'gauge',
      labels: [],
      unit: 'streams',
      help: 'Streams that may be open at the engine at once',
      stability: 'stable',
      samples: ({ engine }) => optional(engine.streams?.limit),
    },
    {
      name: 'torrent_fuse_engine_stream_received_bytes_total',
      ...bytes,
      labels: [],
      help: 'Payload received from rqbit over HTTP, including bytes that were not used',
      stability: 'experimental',
      samples: ({ engine }) => optional(engine.streams?.receivedBytes),
    },
    {
      name: 'torrent_fuse_engine_request_duration_seconds',
      ...latency,
      labels: ['endpoint'],
      help: "Calls of the engine's API, to the head of the answer",
      stability: 'stable',
      samples: ({ engine }) =>
        (engine.requests ?? []).map(({ endpoint, latencies }) => ({ labels: { endpoint }, latencies })),
    },
    {
      name: 'torrent_fuse_engine_request_errors_total',
      type: 'counter',
      labels: ['endpoint', 'code'],
      unit: 'requests',
      help: "Calls of the engine's API that failed, by reason",
      stability: 'stable',
      samples: ({ engine }) =>
        (engine.requests ?? []).flatMap(({ endpoint, errors }) =>
          errors.map(({ code, count }) => ({ labels: { endpoint, code }, value: count })),
        ),
    },
  ],
};
