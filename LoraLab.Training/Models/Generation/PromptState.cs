namespace LoraLab.Training.Models.Generation;

/// <summary>A text that is being generated.</summary>
internal sealed class PromptState
{
    private readonly GenerationSettings _settings;
    private readonly int _promptLength;
    private readonly List<int> _text;
    private GenerationStop? _stop;
    private string? _decoded;

    public PromptState(int index, IReadOnlyList<int> prompt, GenerationSettings settings)
    {
        if (prompt.Count == 0)
        {
            throw new ArgumentException("A prompt has no token to continue.", nameof(prompt));
        }

        (Index, _settings, _promptLength, _text) = (index, settings, prompt.Count, [.. prompt]);
    }

    /// <summary>Index of the prompt for the draws.</summary>
    public int Index { get; }

    /// <summary>Ids of the prompt and of what was generated.</summary>
    public IReadOnlyList<int> Text => _text;

    /// <summary>Number of generated tokens.</summary>
    public int Generated => _text.Count - _promptLength;

    /// <summary>Whether another token is needed, in a text of at most a number of tokens.</summary>
    public bool Continues(int longestText) => _stop is null && Generated < _settings.MaxTokens && _text.Count < longestText;

    /// <summary>Adds a generated token.</summary>
    public void Add(int id)
    {
        _text.Add(id);
        if (_settings.StopIds.Contains(id))
        {
            _stop = GenerationStop.EndToken;
        }
        else if (_settings.StopTexts.Count > 0)
        {
            CutAtStopText();
        }
    }

    /// <summary>What was generated.</summary>
    public GeneratedText Result()
    {
        int[] ids = [.. _text.Skip(_promptLength)];
        return new(ids, _stop ?? GenerationStop.Length, _decoded ?? _settings.Tokenizer?.Decode(ids));
    }

    // All is decoded again: what a token adds may depend on those before it (bytes of a character, a space).
    private void CutAtStopText()
    {
        string decoded = _settings.Tokenizer!.Decode([.. _text.Skip(_promptLength)]);
        int end = _settings.StopTexts.Select(text => decoded.IndexOf(text, StringComparison.Ordinal)).Where(place => place >= 0)
            .DefaultIfEmpty(-1).Min();
        if (end >= 0)
        {
            (_stop, _decoded) = (GenerationStop.StopText, decoded[..end]);
        }
    }
}
