namespace LoraLab.Contracts.Runs.Filters;

/// <summary>A word, a quoted text or a sign of a filter.</summary>
/// <param name="Position">Index of its first character.</param>
/// <param name="Text">The text, of a quoted one without its quotes; empty at the end.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct FilterToken(int Position, string Text, FilterTokenKind Kind)
{
    private const string Signs = "()=!<>~,";

    /// <summary>Splits a filter.</summary>
    /// <exception cref="FilterException">A quote is not closed, or there is a sign that the language does not have.</exception>
    public static IReadOnlyList<FilterToken> Split(string text)
    {
        List<FilterToken> tokens = [];
        int i = 0;
        while (i < text.Length)
        {
            if (char.IsWhiteSpace(text[i]))
            {
                i++;
                continue;
            }

            FilterToken token = text[i] is '"' or '\'' ? Quoted(text, i) : Signs.Contains(text[i]) ? Sign(text, i) : Word(text, i);
            tokens.Add(token);
            i = token.Position + Length(token, text);
        }

        tokens.Add(new FilterToken(text.Length, "", FilterTokenKind.End));
        return tokens;
    }

    /// <summary>Whether it is this word, in any case and without quotes.</summary>
    public bool Is(string word) => Kind == FilterTokenKind.Word && Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is this sign.</summary>
    public bool IsSign(string sign) => Kind == FilterTokenKind.Sign && Text == sign;

    private static int Length(FilterToken token, string text) => token.Kind == FilterTokenKind.Quoted
        ? text.IndexOf(text[token.Position], token.Position + 1) + 1 - token.Position
        : token.Text.Length;

    private static FilterToken Quoted(string text, int start)
    {
        int end = text.IndexOf(text[start], start + 1);
        return end >= 0
            ? new FilterToken(start, text[(start + 1)..end], FilterTokenKind.Quoted)
            : throw new FilterException(start, $"the text that begins here with {text[start]} does not end with one.");
    }

    private static FilterToken Sign(string text, int start)
    {
        string two = text.Substring(start, Math.Min(2, text.Length - start));
        string sign = two is "!=" or "<=" or ">=" or "==" or "!~" ? two : text[start..(start + 1)];
        return sign == "!"
            ? throw new FilterException(start, "! is followed by = or ~; write not to negate a condition.")
            : new FilterToken(start, sign, FilterTokenKind.Sign);
    }

    private static FilterToken Word(string text, int start)
    {
        int end = start;
        while (end < text.Length && !char.IsWhiteSpace(text[end]) && !Signs.Contains(text[end]) && text[end] is not ('"' or '\''))
        {
            end++;
        }

        return new FilterToken(start, text[start..end], FilterTokenKind.Word);
    }
}
