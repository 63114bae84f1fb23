// The stops of the tour, in their order, and what each is about.
import { html, type TemplateResult } from 'lit';
import './stops/adam';
import './stops/attention';
import './stops/bench';
import './stops/circuits';
import './stops/compare';
import './stops/embeddings';
import './stops/generate';
import './stops/gradients';
import './stops/home';
import './stops/ledger';
import './stops/neurons';
import './stops/softmax';
import './stops/stream';
import './stops/train';
import './stops/view';

export interface StopInfo {
  route: string;
  title: string;
  idea: string;
  render: () => TemplateResult;
}

export const tour: StopInfo[] = [
  { route: 'train', title: 'Train', idea: 'a model learns to write, from nothing', render: () => html`<stop-train></stop-train>` },
  { route: 'softmax', title: 'Softmax', idea: 'any numbers become probabilities, and where that breaks', render: () => html`<stop-softmax></stop-softmax>` },
  { route: 'attention', title: 'Attention', idea: 'what a position reads from those before it', render: () => html`<stop-attention></stop-attention>` },
  { route: 'stream', title: 'Stream', idea: 'one vector that every part adds to', render: () => html`<stop-stream></stop-stream>` },
  { route: 'ledger', title: 'Ledger', idea: 'why this character and not that one', render: () => html`<stop-ledger></stop-ledger>` },
  { route: 'neurons', title: 'Neurons', idea: 'what they fire on and what they write', render: () => html`<stop-neurons></stop-neurons>` },
  { route: 'embeddings', title: 'Embeddings', idea: 'characters as points on a map', render: () => html`<stop-embeddings></stop-embeddings>` },
  { route: 'circuits', title: 'Circuits', idea: 'everything a head can do, in one table', render: () => html`<stop-circuits></stop-circuits>` },
  { route: 'gradients', title: 'Gradients', idea: 'what each weight should do, and why this one is zero', render: () => html`<stop-gradients></stop-gradients>` },
  { route: 'adam', title: 'Adam', idea: 'how one weight moves', render: () => html`<stop-adam></stop-adam>` },
  { route: 'generate', title: 'Generate', idea: 'one character after the other', render: () => html`<stop-generate></stop-generate>` },
  { route: 'compare', title: 'Compare', idea: 'two models, or two moments of one', render: () => html`<stop-compare></stop-compare>` },
  { route: 'bench', title: 'Bench', idea: 'how fast this page trains', render: () => html`<stop-bench></stop-bench>` },
];

export const stopOf = (route: string) => tour.find((s) => s.route === route);
