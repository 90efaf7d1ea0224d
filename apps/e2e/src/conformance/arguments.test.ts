// Goal: every option is read, and a mistake is one clear sentence.
// Method: argument lists and what they give.
import { readArguments } from './arguments.ts';

it('has defaults: both engines, every fork, two jobs', () => {
  expect(readArguments(['tests', 'more.tar.gz'])).toEqual({
    paths: ['tests', 'more.tar.gz'],
    engines: ['interpreter', 'compiler'],
    fork: undefined,
    filter: '',
    jobs: 2,
    oracle: false,
  });
});

it('reads the options anywhere', () => {
  const args = ['--engine', 'compiler', 'tests', '--fork=Osaka', '--jobs', '7', '--filter', 'modexp', '--oracle'];
  expect(readArguments(args)).toEqual({
    paths: ['tests'],
    engines: ['compiler'],
    fork: 'osaka',
    filter: 'modexp',
    jobs: 7,
    oracle: true,
  });
  expect(readArguments(['-h'])).toBe('help');
});

it.each([
  [['tests', '--engine', 'jit'], '--engine jit is not known: interpreter, compiler or both'],
  [['tests', '--engine', 'constructor'], '--engine constructor is not known: interpreter, compiler or both'],
  [['tests', '--fork', 'london'], '--fork london is not known: cancun, prague, osaka'],
  [['tests', '--jobs', '0'], '--jobs 0 must be a whole number of 1 to 64'],
  [['tests', '--jobs', 'all'], '--jobs all must be a whole number of 1 to 64'],
  [[], 'give at least one file, directory or archive of fixtures'],
  [['tests', '--verbose'], expect.stringContaining("Unknown option '--verbose'")],
])('%j is a mistake', (args, fault) => {
  expect(readArguments(args)).toEqual({ fault });
});
