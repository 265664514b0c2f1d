/** Remembered answers: few servers see more kinds of scrapers. */
const ANSWERS = 16;

/** The longest question that is remembered; clients choose their length. */
const CHARACTERS = 1024;

/** Makes a function that remembers its last answers. */
export function remember<Answer>(
  ask: (question: string) => Answer,
): (question: string) => Answer {
  const answers = new Map<string, Answer>();
  return (question) => {
    if (question.length > CHARACTERS) return ask(question);
    if (answers.has(question)) return answers.get(question)!;
    if (answers.size === ANSWERS) answers.clear();
    const answer = ask(question);
    answers.set(question, answer);
    return answer;
  };
}
