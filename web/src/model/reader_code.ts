const readers: Readonly<Record<string, string>> = {
  csv: 'pd.read_csv(FILE)',
  tsv: 'pd.read_csv(FILE, sep="\\t")',
  parquet: 'pd.read_parquet(FILE)',
  feather: 'pd.read_feather(FILE)',
  json: 'pd.read_json(FILE)',
  jsonl: 'pd.read_json(FILE, lines=True)',
  xlsx: 'pd.read_excel(FILE)',
}
const texts = new Set(['', 'txt', 'md', 'log', 'xml', 'html', 'yaml', 'yml', 'toml', 'py', 'sql'])
const keywords =
  /^(and|as|assert|async|await|break|class|def|del|for|from|if|import|in|is|not|or|pass|raise|try|with)$/

/** Python that reads a file of the canvas, and the name that it gets: a frame or a text where the ending says so, else bytes. */
export function readerCode(file: string): { name: string; code: string } {
  const [base, ending] = partsOf(file)
  const name = nameOf(base)
  const quoted = JSON.stringify(file)
  const reader = readers[ending]
  if (reader !== undefined) {
    const read = reader.replace('FILE', () => quoted)
    return { name, code: `import pandas as pd\n\n${name} = ${read}\n${name}.head()\n` }
  }
  const [read, show] = texts.has(ending)
    ? ['read_text()', `print(${name}[:1000])`]
    : ['read_bytes()', `print(len(${name}), "bytes")`]
  return { name, code: `from pathlib import Path\n\n${name} = Path(${quoted}).${read}\n${show}\n` }
}

function partsOf(file: string): [base: string, ending: string] {
  const dot = file.lastIndexOf('.')
  return dot <= 0 ? [file, ''] : [file.slice(0, dot), file.slice(dot + 1).toLowerCase()]
}
function nameOf(base: string): string {
  const name = base
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
    .slice(0, 40)
  if (name === '') return 'data'
  return /^\d/.test(name) || keywords.test(name) || name === 'pd' ? `data_${name}` : name
}
