using LoraLab.Training.Adapters.Methods;

namespace LoraLab.Training.Adapters;

/// <summary>The registered methods. To add one, add a file to <c>Methods/</c> and a line here.</summary>
public static class LoraMethods
{
    /// <summary>All methods, in display order.</summary>
    public static IReadOnlyList<LoraMethod> All { get; } =
    [
        new VanillaLoraMethod(),
        new SwappedLoraMethod(),
        new LoraXsMethod(),
        new LoraPlusMethod(),
        new PissaMethod(),
        new OloraMethod(),
        new MiloraMethod(),
        new EvaMethod(),
        new CordaMethod(),
        new LoraGaMethod(),
        new DoraMethod(),
        new LoraFaMethod(),
        new AdaLoraMethod(),
        new VeraMethod(),
        new Ia3Method(),
        new LohaMethod(),
        new LokrMethod(),
        new FullMethod(),
    ];

    /// <summary>The method with the given id, or null.</summary>
    public static LoraMethod? Find(string id) => All.FirstOrDefault(method => method.Id == id);
}
