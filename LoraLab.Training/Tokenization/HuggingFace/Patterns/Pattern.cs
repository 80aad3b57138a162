using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization.HuggingFace.Unicode;

namespace LoraLab.Training.Tokenization.HuggingFace.Patterns;

/// <summary>
/// A regular expression over code points, matched by backtracking. .NET's expressions are over UTF-16 units and have other classes.
/// Thread-safe.
/// </summary>
internal sealed class Pattern
{
    // Oniguruma gives up after as many; the published patterns need a few per character.
    private const int MaxSteps = 10_000_000;

    private readonly string _text;
    private readonly PatternInstruction[] _program;
    private readonly CodePointSet? _first;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="FormatException">It is wrong or not supported; the message is the predicate of a sentence.</exception>
    public Pattern(string text)
    {
        _text = text;
        PatternNode node = PatternParser.Parse(text);
        _program = PatternProgram.Compile(node);
        _first = node.CanBeEmpty ? null : node.First;
    }

    /// <summary>
    /// Finds the next match. Of several at the same place it is the one that the pattern prefers, not the longest.
    /// </summary>
    /// <param name="text">Text; what is outside it is not seen.</param>
    /// <param name="from">Where the search starts.</param>
    /// <param name="scratch">Memory that is reused.</param>
    /// <returns>Start and end of the match; a start of -1: there is none.</returns>
    public (int Start, int End) Find(ReadOnlySpan<char> text, int from, Stack<(int At, int Position, int Least)> scratch)
    {
        int steps = 0;
        for (int start = from; start <= text.Length; start += start < text.Length ? CodePoint.At(text, start).Length : 1)
        {
            if (_first is not null && (start == text.Length || !_first.Contains(CodePoint.At(text, start).Value)))
            {
                continue;
            }

            int end = Match(text, 0, start, scratch, ref steps);
            if (end >= 0)
            {
                return (start, end);
            }
        }

        return (-1, -1);
    }

    private static bool Holds(Anchor anchor, ReadOnlySpan<char> text, int position) => anchor switch
    {
        Anchor.TextStart => position == 0,
        Anchor.TextEnd => position == text.Length,
        Anchor.TextEndOrLastLine => position == text.Length || (position == text.Length - 1 && text[position] == '\n'),
        // Oniguruma: the end of a text that ends in a line feed starts no line.
        Anchor.LineStart => position == 0 || (text[position - 1] == '\n' && position < text.Length),
        Anchor.LineEnd => position == text.Length || text[position] == '\n',
        Anchor.WordBoundary => IsBoundary(text, position),
        _ => !IsBoundary(text, position),
    };

    private static bool IsBoundary(ReadOnlySpan<char> text, int position)
    {
        bool before = position > 0
            && UnicodeSets.OnigurumaWord.Contains(CodePoint.At(text, position - CodePoint.LengthBefore(text, position)).Value);
        bool after = position < text.Length && UnicodeSets.OnigurumaWord.Contains(CodePoint.At(text, position).Value);
        return before != after;
    }

    /// <summary>End of the match of the instructions from <paramref name="at"/> to their end; -1: none.</summary>
    private int Match(
        ReadOnlySpan<char> text, int at, int position, Stack<(int At, int Position, int Least)> choices, ref int steps)
    {
        int floor = choices.Count;
        while (true)
        {
            if (++steps > MaxSteps)
            {
                throw RunFailure.BadData(
                    $"The tokenizer's pattern '{Excerpt.Of(_text)}' takes too long on a text; use a tokenizer with another pattern.",
                    "model");
            }

            ref readonly PatternInstruction instruction = ref _program[at];
            bool failed = false;
            switch (instruction.Operation)
            {
                case PatternOperation.Class:
                    CodePoint next = position < text.Length ? CodePoint.At(text, position) : default;
                    failed = next.Length == 0 || !instruction.Set!.Contains(next.Value);
                    position += failed ? 0 : next.Length;
                    at++;
                    break;
                case PatternOperation.Run or PatternOperation.WholeRun:
                    failed = !Run(text, in instruction, at, ref position, choices);
                    at++;
                    break;
                case PatternOperation.Try:
                    choices.Push((instruction.Target, position, position));
                    at++;
                    break;
                case PatternOperation.TryTarget:
                    choices.Push((at + 1, position, position));
                    at = instruction.Target;
                    break;
                case PatternOperation.Jump:
                    at = instruction.Target;
                    break;
                case PatternOperation.LookAhead or PatternOperation.NotAhead:
                    failed = Match(text, at + 1, position, choices, ref steps) >= 0 == (instruction.Operation == PatternOperation.NotAhead);
                    at = instruction.Target;
                    break;
                case PatternOperation.LookBehind or PatternOperation.NotBehind:
                    int start = Back(text, position, instruction.Min);
                    failed = (start >= 0 && Match(text, at + 1, start, choices, ref steps) == position)
                        == (instruction.Operation == PatternOperation.NotBehind);
                    at = instruction.Target;
                    break;
                case PatternOperation.Atomic:
                    int inner = Match(text, at + 1, position, choices, ref steps);
                    failed = inner < 0;
                    (at, position) = (instruction.Target, failed ? position : inner);
                    break;
                case PatternOperation.Position:
                    failed = !Holds(instruction.Anchor, text, position);
                    at++;
                    break;
                default:
                    while (choices.Count > floor)
                    {
                        choices.Pop();
                    }

                    return position;
            }

            if (!failed)
            {
                continue;
            }

            if (choices.Count == floor)
            {
                return -1;
            }

            int least;
            (at, position, least) = choices.Pop();
            if (position > least)
            {
                // A run gives back its last code point.
                position -= CodePoint.LengthBefore(text, position);
                if (position > least)
                {
                    choices.Push((at, position, least));
                }
            }
        }
    }

    private static bool Run(
        ReadOnlySpan<char> text,
        in PatternInstruction instruction,
        int at,
        ref int position,
        Stack<(int At, int Position, int Least)> choices)
    {
        CodePointSet set = instruction.Set!;
        int count = 0;
        int least = position;
        while (count < instruction.Max && position < text.Length)
        {
            CodePoint next = CodePoint.At(text, position);
            if (!set.Contains(next.Value))
            {
                break;
            }

            position += next.Length;
            if (++count <= instruction.Min)
            {
                least = position;
            }
        }

        if (count >= instruction.Min && position > least && instruction.Operation == PatternOperation.Run)
        {
            choices.Push((at + 1, position, least));
        }

        return count >= instruction.Min;
    }

    private static int Back(ReadOnlySpan<char> text, int position, int codePoints)
    {
        for (int i = 0; i < codePoints; i++)
        {
            if (position == 0)
            {
                return -1;
            }

            position -= CodePoint.LengthBefore(text, position);
        }

        return position;
    }
}
