// One question before one looks. The answer is judged from the live state when it is asked for; skipping it is fine.
import { html, nothing, type TemplateResult } from 'lit';
import { message } from '../lab';
import { Part } from './part';

export interface Verdict {
  /** The answer that is right. */
  right: number;
  says: unknown;
}

export class Question extends Part {
  static override properties = {
    ask: { attribute: false },
    answers: { attribute: false },
    judge: { attribute: false },
    given: { state: true },
    verdict: { state: true },
    problem: { state: true },
  };
  declare ask: unknown;
  /** What can be answered; or, of a number, how to judge it: judge gets the number. */
  declare answers: string[];
  declare judge: (given: number) => Verdict | Promise<Verdict>;
  declare given: number | undefined;
  declare verdict: Verdict | undefined;
  declare problem: string | undefined;

  private async answer(i: number): Promise<void> {
    this.given = i;
    try {
      this.verdict = await this.judge(i);
      this.problem = undefined;
    } catch (problem) {
      this.problem = message(problem);
    }
  }
  private again(): void {
    this.given = this.verdict = this.problem = undefined;
  }

  override render(): TemplateResult {
    const { verdict, given, answers } = this;
    return html`<section class="question" aria-label="A question">
      <h2>Predict, then look</h2><p>${this.ask}</p>
      ${verdict === undefined
        ? html`<div class="row">${answers.map((a, i) => html`<button class="button" ?disabled=${given !== undefined} @click=${() => this.answer(i)}>${a}</button>`)}</div>`
        : nothing}
      <div role="status" class="verdict">${verdict
        ? html`<p><b>${verdict.right === given ? 'Yes' : 'No'}: ${answers[verdict.right]}.</b> ${verdict.says}</p>`
        : this.problem ? html`<p class="wrong">${this.problem}</p>` : nothing}</div>
      ${verdict || this.problem ? html`<button class="link small" @click=${() => this.again()}>ask again</button>` : nothing}
    </section>`;
  }
}
customElements.define('lab-question', Question);
