/** The most axes of a value. */
export const MAX_RANK = 8;
/** The largest extent of an axis: an i32 index reaches every element. */
export const MAX_EXTENT: number = 2 ** 31 - 1;
/** The most elements of a value. */
export const MAX_ELEMENTS: number = 2 ** 40;
/** The most operations of a program. */
export const MAX_OPERATIONS = 65_536;
/** The most characters of a program's text; it is ASCII, so that they are bytes too. */
export const MAX_TEXT_LENGTH: number = 2 ** 25;
/** The most characters of a line: a literal of 1,024 numbers takes some 25,000. */
export const MAX_LINE_LENGTH: number = 2 ** 20;
