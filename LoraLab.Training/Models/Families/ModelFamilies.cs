using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models.Families;

/// <summary>The families of models that are computed.</summary>
internal static class ModelFamilies
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        LlamaFamily.Family, MistralFamily.Family, Qwen2Family.Family, Qwen3Family.Family, Gemma3Family.Family, Phi3Family.Family,
    ];

    /// <summary>The family with a <c>model_type</c>; null: none.</summary>
    public static ModelFamily? Find(string? modelType) => All.FirstOrDefault(family => family.ModelType == modelType);

    /// <summary>What is wrong with a configuration that no family has: a sentence.</summary>
    /// <param name="modelType">Its <c>model_type</c>; null: absent.</param>
    /// <param name="other">What it has that no family has; null: only its type is unknown.</param>
    public static string Refusal(string? modelType, string? other)
    {
        string type = modelType is null ? "is missing" : $"is '{Excerpt.Of(modelType)}'";
        string with = other is null ? "" : $", with {other}";
        string works = string.Join(", ", All.Select(family => $"{family.Name} ('{family.ModelType}')"));
        return $"model_type {type}{with}, which LoraLab does not compute; use a model of one of these families: {works}.";
    }
}
