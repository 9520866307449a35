import tseslint from 'typescript-eslint';

/**
 * The third lock on the architecture, and the rules that need types. Biome formats and lints everything else.
 * test/arch/lint.test.ts plants a violation of every rule named here.
 */

/** A rule that says `message` wherever one of the selectors matches (https://eslint.org/docs/latest/extend/selectors). */
const ban = (message, selectors) => ({
  meta: { type: 'problem', schema: [] },
  create: (context) =>
    Object.fromEntries(selectors.map((selector) => [selector, (node) => context.report({ node, message })])),
});

/** `any`, `!` and `as` switch the compiler off; whoever does that says why, on that line or the one above. */
const reasonForCast = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const lines = new Set(
      context.sourceCode.getAllComments().flatMap(({ loc }) => [loc.start.line, loc.end.line, loc.end.line + 1]),
    );
    const check = (what) => (node) => {
      if (lines.has(node.loc.start.line) || lines.has(node.loc.end.line)) return;
      context.report({ node, message: `'${what}' needs a comment with the reason` });
    };
    return {
      "TSAsExpression:not([typeAnnotation.typeName.name='const'])": check('as'),
      TSTypeAssertion: check('<T>'),
      TSNonNullExpression: check('!'),
      TSAnyKeyword: check('any'),
    };
  },
};

const bramble = {
  rules: {
    'no-clock': ban('take the time from a Clock port: the simulator moves it', [
      "MemberExpression[object.name='Date'][property.name='now']",
      "NewExpression[callee.name='Date'][arguments.length=0]",
      "CallExpression[callee.name='Date']",
      "MemberExpression[object.name='performance'][property.name='now']",
      "MemberExpression[object.name='process'][property.name='hrtime']",
    ]),
    'no-randomness': ban('take randomness from a Random port: a seed must reproduce the run', [
      "MemberExpression[object.name='Math'][property.name='random']",
      "MemberExpression[object.name='crypto'][property.name=/^(randomUUID|getRandomValues|randomBytes)$/]",
      'ImportSpecifier[imported.name=/^(randomUUID|randomBytes|randomInt|getRandomValues)$/]',
    ]),
    'no-module-mocks': ban('pass a simulated port instead of mocking a module', [
      "MemberExpression[object.name='vi'][property.name=/^(mock|doMock|hoisted|unmock|doUnmock)$/]",
    ]),
    'no-sleep': ban('a test waits for what it wants, never for a while', [
      "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout']",
      "ImportDeclaration[source.value='node:timers/promises'] > ImportSpecifier[imported.name='setTimeout']",
    ]),
    'no-shell': ban('run a program by its argument vector; a shell turns data into code', [
      'ImportDeclaration[source.value=/^(node:)?child_process$/] > ImportSpecifier[imported.name=/^exec(Sync)?$/]',
      "Property[key.name='shell']:not([value.value=false])",
    ]),
    'no-code-from-text': ban('text never becomes code', [
      "CallExpression[callee.name='eval']",
      "NewExpression[callee.name='Function']",
    ]),
    'no-default-export': ban('export by name, so that one thing has one name', ['ExportDefaultDeclaration']),
    'no-module-state': ban('state belongs to an object that somebody made and can throw away', [
      "Program > VariableDeclaration[kind='let']",
      "Program > ExportNamedDeclaration > VariableDeclaration[kind='let']",
    ]),
    'reason-for-cast': reasonForCast,
  },
};

const TESTS = ['**/*.test.ts', 'test/**', '**/testing/**'];

/** Where the real world comes in: adapters of the ports, and the composition roots that hand them out. */
const REAL_WORLD = [
  'agent/kit/host/node/**',
  'controller/system.ts',
  'controller/pki/**',
  '**/main.ts',
  'controller/quickstart/**',
];

const TYPED = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-call': 'error',
  '@typescript-eslint/no-unsafe-member-access': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
  '@typescript-eslint/no-unnecessary-type-assertion': 'error',
  // An AbortSignal's reason is unknown to the compiler and is passed on as it is.
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
  '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
};

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'proto/gen/', 'proto/released/', 'test/fixtures/'] },
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin, bramble },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['tsconfig.json', 'controller/dashboard/tsconfig.json', 'controller/dashboard/tsconfig.test.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      ...TYPED,
      ...Object.fromEntries(Object.keys(bramble.rules).map((name) => [`bramble/${name}`, 'error'])),
      'bramble/no-sleep': 'off',
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: REAL_WORLD, rules: { 'bramble/no-clock': 'off', 'bramble/no-randomness': 'off' } },
  { files: ['controller/cli/**', 'controller/quickstart/**', 'test/**'], rules: { 'no-console': 'off' } },
  {
    // A describe block is one function with many tests; hooks fill variables; vitest's matchers are typed `any`.
    files: TESTS,
    rules: {
      'max-lines-per-function': 'off',
      'bramble/reason-for-cast': 'off',
      'bramble/no-module-state': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    // The real clock is what the adapters' own tests are about.
    files: ['**/*.test.ts'],
    ignores: ['agent/kit/host/node/**', 'test/{system,chaos}/**'],
    rules: { 'bramble/no-sleep': 'error' },
  },
  {
    // Real processes have real time, and their files need names of their own.
    files: ['test/{system,chaos,bench,lab,setup,arch}/**'],
    rules: { 'bramble/no-clock': 'off', 'bramble/no-randomness': 'off' },
  },
  { files: ['*.config.ts', 'test/setup/**'], rules: { 'bramble/no-default-export': 'off' } },
);
