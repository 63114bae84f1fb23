// The stops of the tour, in their order, and what each is about.
import { html, type TemplateResult } from 'lit';
import './stops/home';
import './stops/train';
import './stops/softmax';
import './stops/view';

export interface StopInfo {
  route: string;
  title: string;
  idea: string;
  render: () => TemplateResult;
}

export const tour: StopInfo[] = [
  { route: 'train', title: 'Train', idea: 'A model learns to write, from nothing, in a second or two.', render: () => html`<stop-train></stop-train>` },
  { route: 'softmax', title: 'Softmax', idea: 'Any numbers become probabilities, and where that breaks.', render: () => html`<stop-softmax></stop-softmax>` },
];

export const stopOf = (route: string) => tour.find((s) => s.route === route);
