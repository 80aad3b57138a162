using System.Text.Json;
using Microsoft.Playwright;

namespace LoraLab.Tests.EndToEnd.EveryPage;

/// <summary>Asks axe-core what keeps people from using a page.</summary>
internal static class AxeCheck
{
    private static readonly string _source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "axe.min.js"));

    /// <summary>Serious and critical violations, one sentence each.</summary>
    internal static async Task<IReadOnlyList<string>> ViolationsAsync(IPage page)
    {
        await page.EvaluateAsync(_source + "; null");
        JsonElement violations = await page.EvaluateAsync<JsonElement>(
            """
            async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
              .filter(rule => rule.impact === 'serious' || rule.impact === 'critical')
              .map(rule => `${rule.id} (${rule.help}): `
                + rule.nodes.slice(0, 4).map(node => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | '))
            """);
        return [.. violations.EnumerateArray().Select(violation => violation.GetString()!)];
    }
}
