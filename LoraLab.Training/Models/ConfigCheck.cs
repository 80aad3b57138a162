using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models;

/// <summary>Checks the values of a configuration against each other.</summary>
internal static class ConfigCheck
{
    /// <summary>The first problem, as a sentence; null: there is none.</summary>
    public static string? Problem(LlamaConfig config)
    {
        (string Key, int Value)[] sizes =
        [
            ("hidden_size", config.HiddenSize), ("intermediate_size", config.IntermediateSize), ("num_hidden_layers", config.Layers),
            ("num_attention_heads", config.Heads), ("num_key_value_heads", config.KeyValueHeads), ("vocab_size", config.VocabularySize),
            ("max_position_embeddings", config.ContextLength),
        ];
        if (Array.FindIndex(sizes, size => size.Value < 1) is >= 0 and int bad)
        {
            return sizes[bad].Value == 0
                ? $"{sizes[bad].Key} is 0 or missing; it must be positive."
                : $"{sizes[bad].Key} is {sizes[bad].Value}; it must be positive.";
        }

        (int width, int heads, int keys) = (config.HiddenSize, config.Heads, config.KeyValueHeads);
        bool uneven = config.HeadSizeOrNull is null && width % heads != 0;
        if (heads % keys != 0 || uneven || config.HeadSize < 2 || config.HeadSize % 2 != 0)
        {
            return $"hidden_size {width}, num_attention_heads {heads} and num_key_value_heads {keys} do not give equal groups of heads "
                + "with an even head size.";
        }

        if (!(config.RmsNormEpsilon > 0 && double.IsFinite(config.RmsNormEpsilon)))
        {
            return $"rms_norm_eps is {config.RmsNormEpsilon}; it must be greater than 0.";
        }

        if (config.ActivationName is string name && !config.Family.Activations.ContainsKey(name))
        {
            string known = string.Join(" or ", config.Family.Activations.Keys.Select(key => $"'{key}'"));
            return $"{(name == config.Activation ? "hidden_act" : "hidden_activation")} is '{Excerpt.Of(name)}'; "
                + $"{config.Family.Name} is computed with {known} only.";
        }

        if (LayerProblem(config) is string problemOfLayers)
        {
            return problemOfLayers;
        }

        try
        {
            _ = config.Rope;
            _ = config.LocalRope;
            return null;
        }
        catch (FormatException problem)
        {
            return problem.Message;
        }
    }

    private static string? LayerProblem(LlamaConfig config)
    {
        if (config.SlidingWindow < 1)
        {
            return $"sliding_window is {config.SlidingWindow}; it must be at least 1, or null for none.";
        }

        if (config.SlidingWindowPattern < 1)
        {
            return $"sliding_window_pattern is {config.SlidingWindowPattern}; it must be at least 1.";
        }

        if (config.LayerTypes is not null && config.LayerTypes.Count != config.Layers)
        {
            return $"layer_types has {config.LayerTypes.Count} entries, but num_hidden_layers is {config.Layers}.";
        }

        string? unknown = config.LayerTypes?.FirstOrDefault(type => type is not (LayerAttention.Full or LayerAttention.Sliding));
        return unknown is not null
            ? $"layer_types has '{Excerpt.Of(unknown)}'; only '{LayerAttention.Full}' and '{LayerAttention.Sliding}' are computed."
            : config.LayerTypes?.Contains(LayerAttention.Sliding) == true && config.SlidingWindow is null
                ? $"layer_types has '{LayerAttention.Sliding}', but there is no sliding_window; add it."
                : (double?[])[config.QueryScalar, config.AttentionSoftCap, config.FinalSoftCap] is var numbers
                    && Array.Exists(numbers, number => number is double value && !(value > 0 && double.IsFinite(value)))
                    ? "query_pre_attn_scalar, attn_logit_softcapping and final_logit_softcapping must be greater than 0 or null."
                    : null;
    }
}
