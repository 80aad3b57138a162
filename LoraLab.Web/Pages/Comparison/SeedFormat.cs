using LoraLab.Contracts.Compare;

namespace LoraLab.Web.Pages.Comparison;

/// <summary>Seeds as words.</summary>
internal static class SeedFormat
{
    public static string Of(long seed, long? orderSeed) => orderSeed is long order ? $"seed {seed}, order {order}" : $"seed {seed}";

    /// <summary>All seeds of a group, for a tooltip.</summary>
    public static string Of(MethodGroup group) => string.Join("; ", group.Seeds.Select(seed => Of(seed.Seed, seed.OrderSeed)));
}
