// Goal: heights are read from a metrics page, and nothing else is; samples are read whatever their labels hold.
// Method: a page in the Prometheus text format as the services write it.
import { parseHeights, parseSamples } from './metrics.ts';

test('takes heights, with their labels when they have some', () => {
  const page = [
    '# HELP sheaf_sequencer_sealed_height Height of the last sealed payload',
    '# TYPE sheaf_sequencer_sealed_height gauge',
    'sheaf_sequencer_sealed_height{service="sequencer",version="0.1.0"} 12',
    'sheaf_gateway_head_height{tag="safe",service="gateway"} 10',
    'sheaf_gateway_head_height{tag="latest",service="gateway"} 1.2e+1',
    'sheaf_requests_total{height="5"} 7',
    'process_resident_memory_bytes 1000',
  ].join('\n');
  expect(parseHeights(page)).toEqual({ sequencer_sealed: 12, 'gateway_head safe': 10, 'gateway_head latest': 12 });
});

test('takes every sample, adding up those of one name', () => {
  const page = [
    '# TYPE sheaf_execution_remote_reads_total counter',
    'sheaf_execution_remote_reads_total{of="a } b",service="execution"} 12',
    'sheaf_execution_remote_reads_total{of="code",service="execution"} 1.5e+2',
    'sheaf_execution_head_height 7 1700000000000',
    'sheaf_execution_block_seconds_bucket{le="+Inf"} 3',
  ].join('\n');
  expect(Object.fromEntries(parseSamples(page))).toEqual({
    sheaf_execution_remote_reads_total: 162,
    sheaf_execution_head_height: 7,
    sheaf_execution_block_seconds_bucket: 3,
  });
});
