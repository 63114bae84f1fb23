// The first view: a trained model that already answers, and the stops.
import { html, type TemplateResult } from 'lit';
import { address, base, lab, setText } from '../lab';
import { plain, unquoted } from '../page';
import { distribution } from '../parts/distribution';
import { tour } from '../tour';
import { training } from '../training';
import { Stop } from './stop';

export class HomeStop extends Stop {
  override render(): TemplateResult {
    const { prediction, position, text } = lab.state;
    const model = base();
    const seen = [...text].slice(0, position).join('');
    return html`<div class="stop">
      <header><h1>A transformer is small enough to see all of it</h1>
        <p>This page trains GPTs that read and write one character at a time, and takes them apart. Everything is computed here, in
          double precision where you look inside; nothing is sent anywhere.</p></header>
      <div class="row wide"><a class="button main" href=${address('train')}>Train a model</a>
        ${model ? html`<span class="soft small">${training.state.run?.folder.endsWith(lab.state.shelf[lab.state.subject]!.name) ? `It takes a second or two. The model below was trained in this page, from nothing, in ${training.state.run.steps} steps.` : 'It takes a second or two. The model below is trained already.'}</span>` : ''}</div>
      ${this.missing() ?? html`<section class="panel">
        <h2>What comes after “${seen}”?</h2>
        <p>A model of ${model!.n_parameters.toLocaleString('en-US')} numbers has read “${seen}” and gives every character a probability.
          Choose a letter to append it, or edit the text at the top and choose any place in it.</p>
        ${distribution(prediction!.vocabulary, prediction!.probabilities[position]!, {
          real: prediction!.tokens[position + 1],
          pick: (token) => this.add(token),
        })}
        <p class="small"><a href=${address('ledger')}>Why ${plain(this.likeliest())}?</a></p>
      </section>`}
      <section class="panel"><h2>The tour</h2>
        <ol class="cards">${tour.map((s, i) => html`<li><a href=${address(s.route)}>${i + 1}. ${s.title}</a><p>${s.idea}</p></li>`)}</ol>
      </section></div>`;
  }
  private likeliest(): string {
    const { prediction, position } = lab.state;
    const row = prediction!.probabilities[position]!;
    return prediction!.vocabulary[row.indexOf(Math.max(...row))]!;
  }
  private add(token: number): void {
    const { prediction, text, position } = lab.state;
    const letter = prediction!.vocabulary[token]!;
    if (letter === 'BOS') return;
    const characters = [...text].slice(0, position);
    lab.set({ position: position + 1 });
    setText([...characters, unquoted(letter)].join(''));
  }
}
customElements.define('stop-home', HomeStop);
