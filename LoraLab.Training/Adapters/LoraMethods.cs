using LoraLab.Training.Adapters.Methods;

namespace LoraLab.Training.Adapters;

/// <summary>The registered methods. A new one is a file in <c>Methods/</c> and a line here.</summary>
public static class LoraMethods
{
    /// <summary>All methods, in the order in which they are shown.</summary>
    public static IReadOnlyList<LoraMethod> All { get; } =
    [
        new VanillaLoraMethod(),
        new SwappedLoraMethod(),
        new LoraXsMethod(),
        new LoraPlusMethod(),
        new PissaMethod(),
    ];

    /// <summary>The method with an id, or null.</summary>
    public static LoraMethod? Find(string id) => All.FirstOrDefault(method => method.Id == id);
}
