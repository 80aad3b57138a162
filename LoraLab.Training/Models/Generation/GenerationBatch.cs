using LoraLab.Training.Adapters;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>
/// Texts that are generated together, one token of each per pass. Where the rotary frequencies depend on the length of a text and change
/// with a token, all keys change with them, and the pass is over whole texts again.
/// </summary>
internal sealed class GenerationBatch : IDisposable
{
    // Activation values of a block per pass over whole texts, as in evaluations.
    private const int ValuesPerPass = 64 << 20;
    private const int MaxTokensPerPass = 2048;
    private readonly LlamaModel _model;
    private readonly GenerationSettings _settings;
    private readonly ForwardPass _pass;
    private readonly List<PromptState> _texts;
    private readonly KeyValueCache _cache;
    private int[] _variants = [];

    /// <summary>A batch of texts that all need another token.</summary>
    public GenerationBatch(
        LlamaModel model, IEnumerable<PromptState> texts, GenerationSettings settings, CancellationToken cancellation)
    {
        (_model, _settings, _pass, _texts) = (model, settings, new(cancellation), [.. texts]);
        _cache = new(model, _texts.Count, _texts.Max(text => text.Text.Count));
    }

    /// <summary>Tokens of a pass over whole texts of a model, about.</summary>
    public static int TokensPerPass(LlamaConfig config) => Math.Clamp(ValuesPerPass / config.ActivationsPerToken, 1, MaxTokensPerPass);

    /// <summary>Generates until every text has ended.</summary>
    public void Run()
    {
        while (_texts.Count > 0)
        {
            using IDisposable scope = NewDisposeScope();
            int[] variants = [.. _texts.SelectMany(text => _model.Rotaries.Select(rotary => rotary.Variant(text.Text.Count)))];
            Tensor last_BD = variants.SequenceEqual(_variants) ? Step() : cat([.. Whole()], 0);
            int[] ids = TokenChoice.Choose(
                _model.Logits(last_BD), _settings, [.. _texts.Select(text => (text.Index, text.Generated))]);
            for (int i = 0; i < ids.Length; i++)
            {
                _texts[i].Add(ids[i]);
            }

            int[] kept = [.. Enumerable.Range(0, ids.Length).Where(i => _texts[i].Continues(_model.Config.LongestText))];
            _variants = [.. kept.SelectMany(i => variants.Skip(i * _model.Rotaries.Count).Take(_model.Rotaries.Count))];
            if (kept.Length < ids.Length)
            {
                Keep(kept);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _cache.Dispose();

    private void Keep(int[] kept)
    {
        List<PromptState> texts = [.. kept.Select(i => _texts[i])];
        _texts.Clear();
        _texts.AddRange(texts);
        if (kept.Length > 0)
        {
            _cache.Keep(kept);
        }
    }

    private Tensor Step() => _model.NextHidden(
        [.. _texts.Select(text => text.Text[^1])], [.. _texts.Select(text => text.Text.Count)], _cache, _pass);

    /// <summary>Hidden states of the last tokens, after passes over whole texts, which are padded on the right.</summary>
    private IEnumerable<Tensor> Whole()
    {
        int tokens = TokensPerPass(_model.Config);
        for (int first = 0; first < _texts.Count;)
        {
            int count = 1, length = _texts[first].Text.Count;
            while (first + count < _texts.Count
                && Math.Max(length, _texts[first + count].Text.Count) * (count + 1) <= tokens)
            {
                length = Math.Max(length, _texts[first + count++].Text.Count);
            }

            yield return Whole(first, count, length);
            first += count;
        }
    }

    private Tensor Whole(int first, int count, int length)
    {
        using IDisposable scope = NewDisposeScope();
        long[] ids = new long[count * length];
        int[] lengths = [.. _texts.Skip(first).Take(count).Select(text => text.Text.Count)];
        for (int row = 0; row < count; row++)
        {
            for (int place = 0; place < lengths[row]; place++)
            {
                ids[(row * length) + place] = _texts[first + row].Text[place];
            }
        }

        _cache.BeginTexts(first, length);
        Tensor hidden_BTD = _model.Hidden(tensor(ids, device: _model.Device).view(count, length), _pass, lengths, _cache);
        Tensor places = tensor([.. lengths.Select((tokens, row) => ((long)row * length) + tokens - 1)], device: _model.Device);
        return hidden_BTD.view(count * length, -1).index_select(0, places).MoveToOuterDisposeScope();
    }
}
