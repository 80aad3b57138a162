using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>Encodes the rows of a run. Rows of more tokens than allowed are refused, dropped or shortened.</summary>
internal sealed class RowFitting
{
    private readonly RunSpec _spec;
    private readonly EncodingCache _cache;
    private readonly int[] _columns;
    private readonly ExampleEncoder _encoder;
    private readonly EncodingCache.Key _key;
    private readonly int _limit;
    private readonly ITokenizer _tokenizer;
    private readonly List<string> _places = [];
    private readonly List<string> _specialPlaces = [];
    private string? _special;
    private int _specialRows;
    private int _longest;
    private int _longestText;

    /// <summary>Creates the fitting of a run.</summary>
    /// <param name="spec">Its specification.</param>
    /// <param name="dataset">Its dataset.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="contextLength">Context of the model.</param>
    /// <exception cref="RunFailure"><c>maxTokens</c> is more than the context.</exception>
    public RowFitting(RunSpec spec, ClassificationDataset dataset, ITokenizer tokenizer, int contextLength)
    {
        (_spec, _cache, _tokenizer) = (spec, dataset.Encodings, tokenizer);
        _limit = spec.MaxTokens ?? contextLength;
        if (_limit > contextLength)
        {
            throw RunFailure.BadData($"maxTokens must be at most {contextLength}, the context of the model; it is {_limit}.", "maxTokens");
        }

        string prompt = spec.Prompt ?? dataset.DefaultPrompt;
        PromptTemplate template = PromptTemplate.Parse(prompt, dataset.Columns);
        _columns = [.. template.Columns];
        _encoder = new(tokenizer, template, dataset.Labels, spec.LossScope, spec.StripSentence);
        _key = new(tokenizer, prompt, spec.LossScope, spec.StripSentence, spec.TooLong == TooLong.Truncate ? _limit : 0);
    }

    /// <summary>Training rows that are too long.</summary>
    public int LongTraining { get; private set; }

    /// <summary>Evaluation rows that are too long.</summary>
    public int LongEvaluation { get; private set; }

    /// <summary>What was done about the rows that are too long; null: there are none.</summary>
    public string? Warning => Total == 0
        ? null
        : $"{Subject} more than {Limit} with the prompt and {(Total == 1 ? "was" : "were")} "
            + $"{(_spec.TooLong == TooLong.Drop ? "dropped" : "truncated")}: {Places}.";

    /// <summary>Which rows contain the text of a special token; null: none.</summary>
    public string? SpecialWarning => _special is null
        ? null
        : $"{(_specialRows == 1 ? "1 row contains" : $"{NumberFormat.Count(_specialRows)} rows contain")} the text of a special token of "
            + $"the model's tokenizer, such as '{Excerpt.Of(_special)}', which becomes that token, as in Hugging Face's tokenizers: "
            + $"{string.Join(", ", _specialPlaces)}.";

    private int Total => LongTraining + LongEvaluation;

    private string Limit => _spec.MaxTokens is null ? $"the model's context of {_limit} tokens" : $"maxTokens ({_limit})";

    private string Subject
    {
        get
        {
            string[] parts = [.. new[] { Rows("training", LongTraining), Rows("evaluation", LongEvaluation) }.OfType<string>()];
            return $"{string.Join(" and ", parts)} {(Total == 1 ? "has" : "have")}";
        }
    }

    private string Places => string.Join(", ", _places);

    private string Longest =>
        _longestText > 0 ? $"a text of {NumberFormat.Count(_longestText, "character")}" : NumberFormat.Count(_longest);

    /// <summary>Encodes the training rows that can be used, in order.</summary>
    public IReadOnlyList<EncodedRow<TrainingExample>> Training(IReadOnlyList<LabeledRow> rows, SplitSource? source)
    {
        (List<EncodedRow<TrainingExample>> fitting, LongTraining) = Fit<TrainingExample>(rows, source, _cache.Training, row =>
        {
            TrainingExample example = _encoder.EncodeTraining(row, source);
            return new(row, example, example.Ids.Length);
        });
        return fitting;
    }

    /// <summary>Encodes the evaluation rows that can be used, in order.</summary>
    public IReadOnlyList<EncodedRow<EvaluationExample>> Evaluation(IReadOnlyList<LabeledRow> rows, SplitSource? source)
    {
        (List<EncodedRow<EvaluationExample>> fitting, LongEvaluation) = Fit<EvaluationExample>(rows, source, _cache.Evaluation, row =>
        {
            EvaluationExample example = _encoder.EncodeEvaluation(row, source);
            return new(row, example, example.PromptIds.Length + example.LabelIds.Max(ids => ids.Length));
        });
        return fitting;
    }

    /// <summary>Checks that no row is too long, unless the specification says what to do about it, and that rows are left.</summary>
    /// <exception cref="RunFailure">Rows are too long; field <c>tooLong</c>.</exception>
    public void Require(int training, int evaluation)
    {
        if (_spec.TooLong == TooLong.Refuse && Total > 0)
        {
            throw RunFailure.BadData(
                $"{Subject} more than {Limit} with the prompt, the longest {Longest}: {Places}; shorten or remove "
                    + $"{(Total == 1 ? "it" : "them")}, or set tooLong to \"drop\" or \"truncate\".",
                "tooLong");
        }

        if (training == 0 || evaluation == 0)
        {
            throw RunFailure.BadData(
                $"All {(training == 0 ? "training" : "evaluation")} rows have more than {Limit} with the prompt, so none is left; set "
                    + "tooLong to \"truncate\" or shorten the prompt.",
                "tooLong");
        }
    }

    private (List<EncodedRow<T>> Fitting, int TooLong) Fit<T>(
        IReadOnlyList<LabeledRow> rows,
        SplitSource? source,
        Func<EncodingCache.Key, LabeledRow, Func<EncodedRow<T>>, EncodedRow<T>> cached,
        Func<LabeledRow, EncodedRow<T>> encode)
    {
        List<EncodedRow<T>> fitting = [];
        List<int> tooLong = [];
        List<int> special = [];
        foreach (LabeledRow row in rows)
        {
            if (_columns.Select(column => _tokenizer.SpecialTokenIn(row.Texts[column])).FirstOrDefault(found => found is not null)
                is string token)
            {
                _special ??= token;
                special.Add(row.Row);
            }

            if (LongestTextOf(row) is > LongText.MaxCharacters and int characters && _spec.TooLong != TooLong.Truncate)
            {
                tooLong.Add(row.Row);
                _longestText = Math.Max(_longestText, characters);
                continue;
            }

            EncodedRow<T> encoded = cached(_key, row, () => Shorten(row, encode));
            bool fits = encoded.Tokens <= _limit;
            if (fits)
            {
                fitting.Add(encoded);
            }

            if (!fits || IsShortened(encoded.Row, row))
            {
                tooLong.Add(row.Row);
                _longest = Math.Max(_longest, encoded.Tokens);
            }
        }

        if (tooLong.Count > 0)
        {
            _places.Add(SplitSource.Places(source, tooLong));
        }

        if (special.Count > 0)
        {
            _specialRows += special.Count;
            _specialPlaces.Add(SplitSource.Places(source, special));
        }

        return (fitting, tooLong.Count);
    }

    private static bool IsShortened(LabeledRow row, LabeledRow original) =>
        row.Texts.Zip(original.Texts).Any(pair => pair.First.Length < pair.Second.Length);

    private int LongestTextOf(LabeledRow row) => _columns.Max(column => row.Texts[column].Length);

    /// <summary>Encodes a row; if long rows are truncated, with its longest texts shortened to the same length until they fit.</summary>
    private EncodedRow<T> Shorten<T>(LabeledRow row, Func<LabeledRow, EncodedRow<T>> encode)
    {
        int characters = LongestTextOf(row);
        EncodedRow<T>? whole = characters > LongText.MaxCharacters ? null : encode(row);
        if (whole is not null && (_spec.TooLong != TooLong.Truncate || whole.Tokens <= _limit))
        {
            return whole;
        }

        EncodedRow<T>? longest = null;
        (int fits, int tooLong) = (0, Math.Min(characters, LongText.MaxCharacters + 1));
        // Most tokens have a few characters, so that no text is tried that is much longer than what fits.
        for (int next = _limit; tooLong - fits > 1;)
        {
            int middle = Math.Min((fits + tooLong) / 2, next);
            string[] texts = [.. row.Texts.Select((text, column) => _columns.Contains(column) ? LongText.Beginning(text, middle) : text)];
            EncodedRow<T> beginning = encode(row with { Texts = texts });
            if (beginning.Tokens <= _limit && !texts.Any(string.IsNullOrWhiteSpace))
            {
                (fits, next, longest) = (middle, 2 * middle, beginning);
            }
            else
            {
                tooLong = middle;
            }
        }

        return longest ?? throw RunFailure.BadData(
            $"The prompt alone has more than {Limit}, so no row can be shortened to fit; shorten the prompt.", "prompt");
    }

    private static string? Rows(string split, int count) => count switch
    {
        0 => null,
        1 => $"1 {split} row",
        _ => $"{NumberFormat.Count(count)} {split} rows",
    };
}
