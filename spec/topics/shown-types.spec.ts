import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../support/root.js';

const FILE = join(ROOT, 'spec/topics/shown.ts');
const SOURCE = `
import { text, topics, type Publisher, type ReceiverOf } from '../../lib/index.js';
import { z } from 'zod';

const events = topics({
  news: text,
  'order:{id}': { data: z.object({ total: z.number() }), params: { id: z.coerce.number() } },
});
declare const receiver: ReceiverOf<typeof events>;
declare const client: Publisher;

receiver.subscribe((everything) => everything.topic);
receiver.topic('order:{id}').subscribe(({ params }) => params.id);
const orders = receiver.topic('order:{id}', { id: 7 });
void events.publisher(client).publish('order:{id}', { id: 7 }, { total: 12 });
`;

/** Returns an editor on the source, with the settings of this repository. */
function createEditor(): ts.LanguageService {
  const config = ts.parseConfigFileTextToJson('tsconfig.json', ts.sys.readFile(join(ROOT, 'tsconfig.json'))!);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const read = (path: string) => (path === FILE ? SOURCE : ts.sys.readFile(path));
  return ts.createLanguageService({
    getScriptFileNames: () => [FILE],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => ts.ScriptSnapshot.fromString(read(path) ?? ''),
    getCurrentDirectory: () => ROOT,
    getCompilationSettings: () => options,
    getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
    fileExists: (path) => path === FILE || ts.sys.fileExists(path),
    readFile: read,
  });
}

describe('an editor', () => {
  let editor: ts.LanguageService;

  beforeAll(() => (editor = createEditor()));
  afterAll(() => editor.dispose());

  /** Returns the text that appears at the first occurrence of a word, in one line. */
  const shownAt = (word: string) => {
    const info = editor.getQuickInfoAtPosition(FILE, SOURCE.indexOf(word));
    return ts.displayPartsToString(info?.displayParts).replace(/\s+/g, ' ');
  };

  it('finds no error in the source', () => {
    const errors = editor.getSemanticDiagnostics(FILE).map(({ messageText }) => messageText);
    expect(errors).toEqual([]);
  }, 60_000);

  it('shows the messages of a Receiver as a union', () => {
    const [, union = ''] = shownAt('everything').split('(parameter) everything: ');
    expect(union.split(' | ').sort()).toEqual([
      'TopicMessage<"news", {}, string>',
      'TopicMessage<"order:{id}", { readonly id: number; }, { total: number; }>',
    ]);
  });

  it('shows parameters and data in place of their declarations', () => {
    expect(shownAt('params })')).toBe('(parameter) params: { readonly id: number; }');
    expect(shownAt('orders =')).toBe(
      'const orders: Channel<{ total: number; }, ' +
        'TopicMessage<"order:{id}", { readonly id: number; }, { total: number; }>>',
    );
    expect(shownAt('publish(')).toContain(
      '(template: "order:{id}", params: { readonly id: number; }, data: { total: number; })',
    );
  });
});
