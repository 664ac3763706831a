import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

// Imports go components > core > model; components/ui knows no domain word.
const only = (files, ...forbidden) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: forbidden.map((group) => ({
          group: [group],
          message: 'imports go components > core > model',
        })),
      },
    ],
  },
})

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/core/api/schema.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      'max-lines': ['error', 250],
    },
  },
  only(['src/model/**'], '**/core/**', '**/components/**', 'react', 'react-dom'),
  only(['src/core/**'], '**/components/**', 'react-dom'),
  only(['src/components/ui/**'], '**/core/**', '**/model/**', '../[!u]*/**'),
  {
    files: ['scripts/**', 'bench/**'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
    rules: { 'no-undef': 'off' },
  },
)
