using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// The encoded rows of a dataset, so that validating many runs over the same rows, and training after validation, encode each row once. It
/// has those of one tokenizer and template, and lives as long as the dataset. Thread-safe.
/// </summary>
internal sealed class EncodedRows
{
    // 32 MiB of ids.
    private const long MaxTokens = 8 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<CompletionRow, EncodedRow> _rows = new(ReferenceEqualityComparer.Instance);
    private Key? _key;
    private long _tokens;

    /// <summary>Returns an encoded row.</summary>
    public EncodedRow Of(Key key, CompletionRow row, Func<EncodedRow> encode)
    {
        lock (_lock)
        {
            if (key != _key || _tokens > MaxTokens)
            {
                _rows.Clear();
                (_key, _tokens) = (key, 0);
            }

            if (!_rows.TryGetValue(row, out EncodedRow? encoded))
            {
                encoded = encode();
                _tokens += encoded.Text.Ids.Length;
                _rows.Add(row, encoded);
            }

            return encoded;
        }
    }

    /// <summary>Everything but the row that its tokens depend on.</summary>
    /// <param name="Tokenizer">The tokenizer; the same file is the same object.</param>
    /// <param name="Layout">The layout: a template, or the format of a conversation.</param>
    internal sealed record Key(ITokenizer Tokenizer, object Layout);
}
