namespace LoraLab.Tests.Architecture;

/// <summary>Uses other types in ways that are easy to overlook; <see cref="LayerTests"/> asserts that the reader finds each.</summary>
internal static class Sample
{
    public static object Run()
    {
        object body = Activator.CreateInstance(typeof(UsedInABody))!;
        Func<object> lambda = static () => new UsedInALambda();
        try
        {
            return (body, lambda(), Array.Empty<List<UsedAsAnArgument>>());
        }
        catch (UsedInACatch caught)
        {
            return caught;
        }
    }
}

internal sealed class UsedInABody;

internal sealed class UsedInALambda;

internal sealed class UsedAsAnArgument;

internal sealed class UsedInACatch : Exception;
