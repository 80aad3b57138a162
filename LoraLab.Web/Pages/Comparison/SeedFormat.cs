using LoraLab.Contracts.Compare;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Seeds as text.</summary>
internal static class SeedFormat
{
    public static string Describe(long seed, long? orderSeed) =>
        orderSeed is long order ? $"seed {seed}, order seed {order}" : $"seed {seed}";

    /// <summary>All seeds of a group, for a tooltip.</summary>
    public static string Describe(MethodGroup group) => string.Join("; ", group.Seeds.Select(seed => Describe(seed.Seed, seed.OrderSeed)));
}
