namespace LoraLab.Server.Infrastructure;

/// <summary>How a node is named, and the devices that it has.</summary>
internal static class NodeNames
{
    public static string Of(LoraLabOptions options) =>
        string.IsNullOrWhiteSpace(options.NodeName) ? Environment.MachineName : options.NodeName.Trim();

    /// <summary>One lane per device; none where no runs are taken.</summary>
    public static IReadOnlyList<string> DevicesOf(LoraLabOptions options) =>
        options.Role == NodeRoles.Web ? [] : options.Devices.Count == 0 ? ["auto"] : options.Devices;
}
