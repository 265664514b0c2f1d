/** What is being done, in error messages. */
export const ACTION = "measure requests";
