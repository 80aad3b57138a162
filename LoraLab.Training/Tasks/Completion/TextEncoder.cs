using System.Text;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// Encodes the parts of a row as one text and finds its targets. A token that holds a character of a target part is a target. The end token
/// is written into the text where the tokenizer finds it there, else it divides the text, and its id is put between the parts.
/// </summary>
internal sealed class TextEncoder
{
    private readonly ITokenizer _tokenizer;
    private readonly int _endId;
    private readonly string? _endInText;

    /// <summary>Creates the encoder of a run.</summary>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <exception cref="RunFailure">The tokenizer has no end token; field <c>model</c>.</exception>
    public TextEncoder(ITokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _endId = tokenizer.EndId ?? throw RunFailure.BadData(
            "The files of the model name no end-of-sequence token, which follows every completion; add \"eos_token\" to its "
                + "tokenizer_config.json.",
            "model");
        _endInText = tokenizer.EndToken is string end && tokenizer.SpecialTokenIn(end) == end ? end : null;
    }

    /// <summary>Id of the end token.</summary>
    public int EndId => _endId;

    /// <summary>Encodes a row.</summary>
    public EncodedText Encode(IReadOnlyList<TextPart> parts)
    {
        List<int> ids = [];
        List<TargetRange> targets = [];
        StringBuilder text = new();
        List<(int Start, int End)> marked = [];
        bool isFirst = true;
        foreach ((int i, TextPart part) in parts.Index())
        {
            if (part.IsEnd && (_endInText is null || i == parts.Count - 1))
            {
                Flush();
                Add(targets, part.IsTarget, ids.Count, ids.Count + 1);
                ids.Add(_endId);
                continue;
            }

            int start = text.Length;
            text.Append(part.IsEnd ? _endInText : part.Text);
            if (part.IsTarget)
            {
                marked.Add((start, text.Length));
            }
        }

        Flush();
        return new([.. ids], targets);

        void Flush()
        {
            if (text.Length == 0 && !isFirst)
            {
                return;
            }

            int[] added = _tokenizer.Encode(
                text.ToString(), [.. marked.SelectMany(range => new[] { range.Start, range.End })], out TokenMark[] marks);
            int skipped = isFirst ? 0 : _tokenizer.Prefix.Count;
            int offset = ids.Count - skipped;
            for (int i = 0; i < marked.Count; i++)
            {
                Add(targets, isTarget: true, marks[2 * i].First + offset, marks[(2 * i) + 1].Behind + offset);
            }

            ids.AddRange(added[skipped..]);
            text.Clear();
            marked.Clear();
            isFirst = false;
        }
    }

    // The first token follows nothing. A token that holds characters of two target parts is one target.
    private static void Add(List<TargetRange> targets, bool isTarget, int start, int end)
    {
        start = Math.Max(start, 1);
        if (!isTarget || end <= start)
        {
            return;
        }

        if (targets.Count > 0 && targets[^1].End >= start)
        {
            targets[^1] = targets[^1] with { End = Math.Max(targets[^1].End, end) };
        }
        else
        {
            targets.Add(new(start, end));
        }
    }
}
