using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// The encoded rows of a dataset, so that validating many runs over the same rows, and training after validation, encode each row once.
/// It lives as long as the dataset, which is read again when its files change. Thread-safe.
/// </summary>
internal sealed class EncodingCache
{
    // 32 MiB of ids: 160,000 rows of SST-2.
    private const long MaxTokens = 8 << 20;
    private readonly Lock _lock = new();
    private readonly Dictionary<(Key Key, LabeledRow Row), EncodedRow<TrainingExample>> _training = [];
    private readonly Dictionary<(Key Key, LabeledRow Row), EncodedRow<EvaluationExample>> _evaluation = [];
    private long _tokens;

    /// <summary>Returns an encoded training row.</summary>
    public EncodedRow<TrainingExample> Training(Key key, LabeledRow row, Func<EncodedRow<TrainingExample>> encode) =>
        Get(_training, key, row, encode);

    /// <summary>Returns an encoded evaluation row.</summary>
    public EncodedRow<EvaluationExample> Evaluation(Key key, LabeledRow row, Func<EncodedRow<EvaluationExample>> encode) =>
        Get(_evaluation, key, row, encode);

    private EncodedRow<T> Get<T>(
        Dictionary<(Key Key, LabeledRow Row), EncodedRow<T>> rows, Key key, LabeledRow row, Func<EncodedRow<T>> encode)
    {
        lock (_lock)
        {
            if (rows.TryGetValue((key, row), out EncodedRow<T>? known))
            {
                return known;
            }

            EncodedRow<T> encoded = encode();
            _tokens += encoded.Tokens;
            if (_tokens > MaxTokens)
            {
                _training.Clear();
                _evaluation.Clear();
                _tokens = encoded.Tokens;
            }

            rows[(key, row)] = encoded;
            return encoded;
        }
    }

    /// <summary>Everything but the row that its tokens depend on.</summary>
    /// <param name="Tokenizer">The tokenizer; the same file is the same object.</param>
    /// <param name="Prompt">Prompt of the specification.</param>
    /// <param name="Scope">Targets.</param>
    /// <param name="StripSentence">Whether trailing space is trimmed.</param>
    /// <param name="Limit">Tokens to which long rows are shortened; 0: they are not.</param>
    internal readonly record struct Key(ITokenizer Tokenizer, string Prompt, LossScope Scope, bool StripSentence, int Limit);
}
