using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// Encodes the rows of a run. Rows of more tokens than allowed are refused, dropped or cut off at their end: the prompt stays, and the end
/// token is lost with the rest.
/// </summary>
internal sealed class RowFitting
{
    private readonly RunSpec _spec;
    private readonly CompletionDataset _dataset;
    private readonly EncodedRows _cache;
    private readonly TextEncoder _encoder;
    private readonly EncodedRows.Key _key;
    private readonly ITokenizer _tokenizer;
    private readonly int _limit;
    private readonly RowFindings _refused = new(), _cut = new(), _dropped = new(), _merging = new(), _special = new();
    private string? _token;
    private int _longest;
    private int _longestText;

    /// <summary>Creates the fitting of a run.</summary>
    /// <param name="spec">Its specification.</param>
    /// <param name="dataset">Its dataset.</param>
    /// <param name="layout">How its rows become texts.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="contextLength">Context of the model.</param>
    /// <exception cref="RunFailure"><c>maxTokens</c> is more than the context, or the tokenizer has no end token.</exception>
    public RowFitting(RunSpec spec, CompletionDataset dataset, RowLayout layout, ITokenizer tokenizer, int contextLength)
    {
        (_spec, _dataset, _cache, _tokenizer, Layout) = (spec, dataset, dataset.Encodings, tokenizer, layout);
        _limit = spec.MaxTokens ?? contextLength;
        if (_limit > contextLength)
        {
            throw RunFailure.BadData($"maxTokens must be at most {contextLength}, the context of the model; it is {_limit}.", "maxTokens");
        }

        _encoder = new(tokenizer);
        _key = new(tokenizer, layout.Key);
    }

    /// <summary>How the rows become texts.</summary>
    public RowLayout Layout { get; }

    /// <summary>Rows that were left out.</summary>
    public RowCounts Dropped => _dropped.Counts;

    /// <summary>Rows that were cut off.</summary>
    public RowCounts Cut => _cut.Counts;

    /// <summary>What a user should know about the rows.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            if (_cut.Any)
            {
                yield return $"{_cut.Subject} more than {Limit} and {_cut.Was} cut off at the end: {_cut.Places}.";
            }

            if (_dropped.Any)
            {
                string what = _spec.TooLong == TooLong.Drop
                    ? $"more than {Limit}"
                    : $"a prompt as long as {Limit}, so that nothing is left to learn,";
                yield return $"{_dropped.Subject} {what} and {_dropped.Was} dropped: {_dropped.Places}.";
            }

            if (_merging.Any)
            {
                yield return $"{_merging.Subject} a token that belongs to both prompt and completion, so that the text does not begin with "
                    + $"the tokens of its prompt: {_merging.Places}; put the space between them at the start of the completion.";
            }

            if (_special.Any)
            {
                yield return $"{_special.Subject} the text of a special token of the model's tokenizer, such as '{Excerpt.Of(_token!)}', "
                    + $"which becomes that token, as in Hugging Face's tokenizers: {_special.Places}.";
            }
        }
    }

    private string Longest =>
        _longestText > 0 ? $"{NumberFormat.Count(_longestText, "character")}" : NumberFormat.Count(_longest);

    private string Limit => _spec.MaxTokens is null ? $"the model's context of {_limit} tokens" : $"maxTokens ({_limit})";

    /// <summary>Encodes the rows of a split that can be used, in order.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="source">Where they were read; null: unknown.</param>
    /// <param name="isTraining">Whether they are training rows.</param>
    public IReadOnlyList<(CompletionRow Row, EncodedRow Encoded)> Fit(
        IReadOnlyList<CompletionRow> rows, SplitSource? source, bool isTraining)
    {
        List<(CompletionRow, EncodedRow)> fitting = [];
        List<int> cut = [], dropped = [], refused = [], merging = [], special = [];
        foreach (CompletionRow row in rows)
        {
            CompletionRow? used = LongRow.IsOne(row) ? Shortened(row) : row;
            if (used is null)
            {
                (_spec.TooLong == TooLong.Refuse ? refused : dropped).Add(row.Row);
                continue;
            }

            EncodedRow encoded = used == row ? _cache.Of(_key, row, () => Encode(row)) : Encode(used);
            int length = encoded.Text.Ids.Length;
            if (encoded.Special is not null)
            {
                _token ??= encoded.Special;
                special.Add(row.Row);
            }

            if (encoded.Merges)
            {
                merging.Add(row.Row);
            }

            if (length > _limit)
            {
                _longest = Math.Max(_longest, length);
                encoded = encoded with { Text = encoded.Text.First(_limit) };
                bool isCut = _spec.TooLong == TooLong.Truncate && encoded.Text.Answers.Count > 0;
                (_spec.TooLong == TooLong.Refuse ? refused : isCut ? cut : dropped).Add(row.Row);
                if (!isCut)
                {
                    continue;
                }
            }

            else if (used != row)
            {
                cut.Add(row.Row);
            }

            fitting.Add((used, encoded));
        }

        _cut.Add(cut, source, isTraining);
        _dropped.Add(dropped, source, isTraining);
        _refused.Add(refused, source, isTraining);
        _merging.Add(merging, source, isTraining);
        _special.Add(special, source, isTraining);
        return fitting;
    }

    /// <summary>Checks that no row is too long, unless the specification says what to do about it, and that rows are left.</summary>
    /// <exception cref="RunFailure">Rows are too long; field <c>tooLong</c>.</exception>
    public void Require(int training, int evaluation)
    {
        if (_refused.Any)
        {
            throw RunFailure.BadData(
                $"{_refused.Subject} more than {Limit}, the longest {Longest}: {_refused.Places}; shorten or remove "
                    + $"{_refused.Them}, or set tooLong to \"drop\" or \"truncate\".",
                "tooLong");
        }

        if (training == 0 || evaluation == 0)
        {
            throw RunFailure.BadData(
                $"All {(training == 0 ? "training" : "evaluation")} rows have more than {Limit}, so none is left; raise maxTokens, or set "
                    + "tooLong to \"truncate\" or shorten the prompt.",
                "tooLong");
        }
    }

    /// <summary>What is used of a row that is too long for every model; null: nothing.</summary>
    private CompletionRow? Shortened(CompletionRow row)
    {
        _longestText = Math.Max(_longestText, LongRow.Characters(row));
        return _spec.TooLong == TooLong.Truncate ? LongRow.Shorten(row, _dataset.Columns) : null;
    }

    private EncodedRow Encode(CompletionRow row)
    {
        EncodedText text = _encoder.Encode(Layout.Parts(row));
        int[] prompt = Layout.Prompt(row) is IReadOnlyList<TextPart> parts ? _encoder.Encode(parts).Ids : [];
        IEnumerable<string> texts = row.Conversation?.Messages.Select(message => message.Content) ?? row.Texts;
        string? special = texts.Select(_tokenizer.SpecialTokenIn).FirstOrDefault(token => token is not null);
        return new(text, prompt, row.Conversation is null && !text.Ids.AsSpan().StartsWith(prompt), special);
    }
}
