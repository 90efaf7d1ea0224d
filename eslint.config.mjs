import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Which layer may import which: the rule of the tree. */
const layers = {
  'layer:core': ['layer:core'],
  'layer:contract': ['layer:contract', 'layer:core'],
  'layer:contracts': ['layer:core'],
  'layer:platform': ['layer:platform', 'layer:contract', 'layer:core'],
  'layer:testing': ['layer:testing', 'layer:core'],
  'layer:app': ['layer:platform', 'layer:contract', 'layer:contracts', 'layer:core'],
};

/** The rule of the tree with `extra` layers allowed to everybody. */
const boundaries = (...extra) => [
  'error',
  {
    allow: [],
    // A main.ts that is also its workers' entry loads what each of them needs, and no more, with import().
    checkDynamicDependenciesExceptions: ['.*'],
    // Tests of what the launchers themselves stand on use the launchers: a circle of projects, not of modules.
    ignoredCircularDependencies: ['primitives', 'crypto', 'protocol'].map((name) => [name, 'testing']),
    depConstraints: Object.entries(layers).map(([sourceTag, allowed]) => ({
      sourceTag,
      onlyDependOnLibsWithTags: [...allowed, ...extra],
    })),
  },
];

export default tseslint.config(
  { ignores: ['**/dist', '**/assembly', '**/generated', '**/node_modules', '**/*.cjs', '.nx'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
      ],
      '@nx/enforce-module-boundaries': boundaries(),
    },
  },
  {
    files: [
      '**/config.ts',
      '**/*.test.ts',
      '**/test/**/*.ts',
      'libs/testing/**/*.ts',
      'apps/e2e/**/*.ts',
      'apps/cli/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Tests, and the devnet, start the real servers that libs/testing launches.
    files: ['**/*.test.ts', '**/test/**/*.ts', 'apps/e2e/**/*.ts', 'apps/cli/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries('layer:testing') },
  },
);
