using System.Globalization;
using System.Text.Json.Nodes;

namespace LoraLab.Server.Experiments.Studies.Templates;

/// <summary>
/// How ranks and rates are scaled to a model: the paper's own for one of TinyLlama's width; a smaller rank and larger rates for a toy, which with
/// the paper's would hardly move in as many steps. The scaling α/r is the same in both.
/// </summary>
/// <param name="Id">Its name in a plan.</param>
/// <param name="Rank">Rank of the adapters.</param>
/// <param name="Alpha">Alpha.</param>
/// <param name="RateFactor">Rates are the paper's times this.</param>
internal sealed record ScaleProfile(string Id, int Rank, double Alpha, decimal RateFactor)
{
    /// <summary>A width from which on the paper's rates are proposed; TinyLlama has 2,048, the toys 64.</summary>
    private const int WideEnough = 512;

    public static ScaleProfile TinyLlama { get; } = new("tinyllama", 32, 16, 1);

    public static ScaleProfile Toy { get; } = new("toy", 4, 2, 20);

    public static IReadOnlyList<ScaleProfile> All { get; } = [TinyLlama, Toy];

    public static ScaleProfile Propose(int hiddenSize) => hiddenSize >= WideEnough ? TinyLlama : Toy;

    /// <summary>A grid's values from the paper's.</summary>
    public IReadOnlyList<JsonNode> Rates(params decimal[] paper) =>
        [.. paper.Select(rate => JsonValue.Create(double.Parse((rate * RateFactor).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)))];
}
