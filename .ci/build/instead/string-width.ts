// Columns of a text in which every character takes one: that is so in all help texts, which a test holds to be plain.

function stringWidth(text: string): number {
  return [...text].length;
}

export { stringWidth as default };
