/*
 * Prints what a Vulkan driver says of compute shaders that it compiles, without a device:
 *
 *     statistics DRIVER.so SHADER.spv ...
 *
 * The driver is loaded by itself, without a loader, so that a null device is asked and nothing else. For each
 * shader: a line `shader FILE`, then a line `NAME VALUE` for each number that the driver tells.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <vulkan/vulkan.h>

enum { BINDINGS = 16, STATISTICS = 64 };

static PFN_vkGetInstanceProcAddr instance_function;
static VkInstance instance;
static VkDevice device;

#define OF_INSTANCE(name) PFN_##name name = (PFN_##name)instance_function(instance, #name)
#define OF_DEVICE(name) PFN_##name name = (PFN_##name)get(device, #name)

static void need(VkResult result, const char *what) {
  if (result == VK_SUCCESS) return;
  fprintf(stderr, "%s: VkResult %d\n", what, result);
  exit(2);
}

static uint32_t *words_of(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) { perror(path); exit(2); }
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  uint32_t *words = malloc(*bytes);
  if (words == NULL || fread(words, 1, *bytes, file) != *bytes) { perror(path); exit(2); }
  fclose(file);
  return words;
}

int main(int count, char **arguments) {
  if (count < 3) { fputs("usage: statistics DRIVER.so SHADER.spv ...\n", stderr); return 2; }
  void *driver = dlopen(arguments[1], RTLD_NOW);
  if (driver == NULL) { fprintf(stderr, "%s\n", dlerror()); return 2; }
  instance_function = (PFN_vkGetInstanceProcAddr)dlsym(driver, "vk_icdGetInstanceProcAddr");

  OF_INSTANCE(vkCreateInstance);
  const VkApplicationInfo application = {VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
  const VkInstanceCreateInfo instance_info = {VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &application};
  need(vkCreateInstance(&instance_info, NULL, &instance), "vkCreateInstance");

  OF_INSTANCE(vkEnumeratePhysicalDevices);
  OF_INSTANCE(vkGetPhysicalDeviceProperties);
  OF_INSTANCE(vkCreateDevice);
  OF_INSTANCE(vkGetDeviceProcAddr);
  uint32_t devices = 1;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  vkEnumeratePhysicalDevices(instance, &devices, &physical);
  if (devices == 0) { fputs("the driver has no device: RADV_FORCE_FAMILY names one\n", stderr); return 2; }
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(physical, &properties);
  printf("device %s\n", properties.deviceName);

  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {
      VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, .queueCount = 1, .pQueuePriorities = &priority};
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR told = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, .pipelineExecutableInfo = VK_TRUE};
  VkPhysicalDeviceVulkan13Features features13 = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .pNext = &told, .subgroupSizeControl = VK_TRUE,
      .shaderZeroInitializeWorkgroupMemory = VK_TRUE};
  VkPhysicalDeviceVulkan12Features features12 = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &features13, .vulkanMemoryModel = VK_TRUE,
      .shaderFloat16 = VK_TRUE};
  const char *extensions[] = {"VK_KHR_pipeline_executable_properties"};
  const VkDeviceCreateInfo device_info = {
      VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &features12, .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue,
      .enabledExtensionCount = 1, .ppEnabledExtensionNames = extensions};
  need(vkCreateDevice(physical, &device_info, NULL, &device), "vkCreateDevice");

  PFN_vkGetDeviceProcAddr get = vkGetDeviceProcAddr;
  OF_DEVICE(vkCreateDescriptorSetLayout);
  OF_DEVICE(vkCreatePipelineLayout);
  OF_DEVICE(vkCreatePipelineCache);
  OF_DEVICE(vkCreateShaderModule);
  OF_DEVICE(vkCreateComputePipelines);
  OF_DEVICE(vkGetPipelineExecutableStatisticsKHR);

  /* A layout that fits all: storage buffers in set 0, and Dawn's own constants. */
  VkDescriptorSetLayoutBinding bindings[BINDINGS] = {0};
  for (uint32_t at = 0; at < BINDINGS; at++) {
    bindings[at] = (VkDescriptorSetLayoutBinding){
        at, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, NULL};
  }
  const VkDescriptorSetLayoutCreateInfo set_info = {
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO, .bindingCount = BINDINGS, .pBindings = bindings};
  VkDescriptorSetLayout set;
  need(vkCreateDescriptorSetLayout(device, &set_info, NULL, &set), "vkCreateDescriptorSetLayout");
  const VkPushConstantRange constants = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 64};
  const VkPipelineLayoutCreateInfo layout_info = {
      VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .setLayoutCount = 1, .pSetLayouts = &set,
      .pushConstantRangeCount = 1, .pPushConstantRanges = &constants};
  VkPipelineLayout layout;
  need(vkCreatePipelineLayout(device, &layout_info, NULL, &layout), "vkCreatePipelineLayout");
  /* RADV needs a cache on its null device. */
  const VkPipelineCacheCreateInfo cache_info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  VkPipelineCache cache;
  need(vkCreatePipelineCache(device, &cache_info, NULL, &cache), "vkCreatePipelineCache");

  for (int at = 2; at < count; at++) {
    size_t bytes;
    uint32_t *words = words_of(arguments[at], &bytes);
    const VkShaderModuleCreateInfo module_info = {
        VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = words};
    VkShaderModule module;
    need(vkCreateShaderModule(device, &module_info, NULL, &module), arguments[at]);
    const VkComputePipelineCreateInfo pipeline_info = {
        VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO, .flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR,
        .stage = {VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module, .pName = "dawn_entry_point"},
        .layout = layout};
    VkPipeline pipeline;
    need(vkCreateComputePipelines(device, cache, 1, &pipeline_info, NULL, &pipeline), arguments[at]);
    printf("shader %s\n", arguments[at]);
    const VkPipelineExecutableInfoKHR executable = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline};
    VkPipelineExecutableStatisticKHR numbers[STATISTICS] = {0};
    for (int each = 0; each < STATISTICS; each++) {
      numbers[each].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    }
    uint32_t found = STATISTICS;
    vkGetPipelineExecutableStatisticsKHR(device, &executable, &found, numbers);
    for (uint32_t each = 0; each < found; each++) {
      if (numbers[each].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR) {
        printf("%s %llu\n", numbers[each].name, (unsigned long long)numbers[each].value.u64);
      }
    }
    free(words);
  }
  fflush(stdout);
  /* A null device does not close in order. */
  _Exit(0);
}
