using LoraLab.Training.Adapters;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Generation;

/// <summary>Continues prompts with a model and its adapters, in whatever state they are.</summary>
public static class TextGeneration
{
    /// <summary>Generates a text after each prompt.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="prompts">Ids of each prompt; at least one each.</param>
    /// <param name="settings">How tokens are chosen and where a text ends.</param>
    /// <param name="cancellation">Polled between layers.</param>
    /// <returns>What was generated, in the order of the prompts.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<GeneratedText> Run(
        LlamaModel model, IReadOnlyList<int[]> prompts, GenerationSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        using IDisposable noGrad = no_grad();
        List<PromptState> states = [.. prompts.Select((prompt, i) => new PromptState(settings.FirstIndex + i, prompt, settings))];
        foreach (PromptState state in states)
        {
            while (state.Continues(model.Config.LongestText))
            {
                using IDisposable scope = NewDisposeScope();
                Tensor ids_BT = tensor([.. state.Text.Select(id => (long)id)], device: model.Device).unsqueeze(0);
                Tensor last_BD = model.Hidden(ids_BT, new ForwardPass(cancellation)).select(1, state.Text.Count - 1);
                state.Add(TokenChoice.Choose(model.Logits(last_BD), settings, [(state.Index, state.Generated)])[0]);
            }
        }

        return [.. states.Select(state => state.Result())];
    }
}
