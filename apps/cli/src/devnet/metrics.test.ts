// Goal: heights are read from a metrics page, and nothing else is.
// Method: a page in the Prometheus text format as the services write it.
import { parseHeights } from './metrics.ts';

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
