using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>One of the runs that the form stands for.</summary>
/// <param name="Body">Its specification, without what the contract says anyway.</param>
public sealed record RunVariant(JsonObject Body)
{
    /// <summary>Makes the specification of one method and seed.</summary>
    /// <param name="form">The form.</param>
    /// <param name="other">A method other than the form's, which gets its own options; null: the form's.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="manyMethods">A given name is not enough to tell the runs apart by method.</param>
    /// <param name="manySeeds">Likewise by seed.</param>
    internal static RunVariant Make(SpecForm form, MethodDescriptor? other, JsonNode seed, bool manyMethods, bool manySeeds)
    {
        JsonObject body = form.Short();
        if (other is not null)
        {
            body["method"] = other.Id;
            body.Remove("methodOptions");
            body.Remove(other.HasLearningRateB ? "" : "learningRateB");
            body.Remove(other.AllowsInitFrom ? "" : "initFrom");
        }

        if (manySeeds || !JsonNode.DeepEquals(form.Values["seed"], seed))
        {
            body["seed"] = seed.DeepClone();
        }

        if (body["name"]?.ToString() is { Length: > 0 } name)
        {
            body["name"] = name + (manyMethods ? $" {body["method"]}" : "") + (manySeeds ? $" s{seed}" : "");
        }

        return new RunVariant(body);
    }
}
