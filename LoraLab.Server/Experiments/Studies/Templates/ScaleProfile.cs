using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>
/// Rank and learning rates for the scale of a model: the paper's own for models of TinyLlama's width; a smaller rank and larger rates for
/// toy models, which would hardly train in as many steps with the paper's. The scaling α/r is the same in both.
/// </summary>
/// <param name="Id">Its id in a plan.</param>
/// <param name="Rank">Rank of the adapters.</param>
/// <param name="Alpha">Alpha.</param>
/// <param name="RateFactor">Factor on the paper's learning rates.</param>
internal sealed record ScaleProfile(string Id, int Rank, double Alpha, decimal RateFactor)
{
    /// <summary>Hidden size from which the paper's profile is proposed; TinyLlama has 2,048, the toy models 64.</summary>
    private const int MinPaperHiddenSize = 512;

    public static ScaleProfile TinyLlama { get; } = new("tinyllama", 32, 16, 1);

    public static ScaleProfile Toy { get; } = new("toy", 4, 2, 20);

    public static IReadOnlyList<ScaleProfile> All { get; } = [TinyLlama, Toy];

    public static ScaleProfile Propose(int hiddenSize) => hiddenSize >= MinPaperHiddenSize ? TinyLlama : Toy;

    /// <summary>Scales the paper's learning rates to grid values.</summary>
    public IReadOnlyList<JsonNode> Rates(params decimal[] paper) =>
        [.. paper.Select(rate =>
            JsonValue.Create(double.Parse((rate * RateFactor).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)))];
}
