/** Why bytes are no whole picture: the message goes into the sentence about the file. */
export class BrokenStill extends Error {}
